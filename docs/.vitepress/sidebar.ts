/** What stands in the margin, once for both languages, so that neither loses a page. */
import type { DefaultTheme } from "vitepress";

export type Language = "en" | "zh";

type Title = Readonly<Record<Language, string>>;

interface Chapter {
  readonly title: Title;
  /** Pages by their path without `.md`, relative to the language's folder. */
  readonly pages: readonly (readonly [path: string, title: Title])[];
  readonly collapsed?: boolean;
}

const CHAPTERS: readonly Chapter[] = [
  {
    title: { en: "Start", zh: "入门" },
    pages: [
      ["guide/getting-started", { en: "Getting started", zh: "快速上手" }],
      ["guide/words", { en: "Words", zh: "术语" }],
      ["guide/testing", { en: "Testing your code", zh: "测试你的代码" }],
    ],
  },
  {
    title: { en: "Sending", zh: "发送" },
    pages: [
      ["sending/index", { en: "Overview", zh: "概览" }],
      ["sending/subscriptions", { en: "Subscriptions", zh: "订阅" }],
      ["sending/signing", { en: "What is on the wire", zh: "请求里有什么" }],
      ["sending/retries", { en: "Retries and endpoint health", zh: "重试与端点健康" }],
      ["sending/isolation", { en: "Concurrency, order, rate", zh: "并发、顺序与限速" }],
      ["sending/lifecycle", { en: "Waiting, idempotency, closing", zh: "等待、幂等与关闭" }],
      ["durability", { en: "Durability with SQLite", zh: "持久化（SQLite）" }],
    ],
  },
  {
    title: { en: "Receiving", zh: "接收" },
    pages: [
      ["receiving/index", { en: "Overview", zh: "概览" }],
      ["receiving/frameworks", { en: "Frameworks", zh: "接入各框架" }],
      ["receiving/stripe", { en: "Stripe", zh: "Stripe" }],
      ["receiving/github", { en: "GitHub", zh: "GitHub" }],
      ["receiving/slack", { en: "Slack", zh: "Slack" }],
      ["receiving/shopify", { en: "Shopify", zh: "Shopify" }],
      ["receiving/wechat-pay", { en: "WeChat Pay", zh: "微信支付" }],
      ["receiving/alipay", { en: "Alipay", zh: "支付宝" }],
      ["receiving/dingtalk", { en: "DingTalk", zh: "钉钉" }],
      ["receiving/standard-webhooks", { en: "Standard Webhooks", zh: "Standard Webhooks" }],
      ["receiving/own-platform", { en: "Any other sender", zh: "其他发送方" }],
    ],
  },
  {
    title: { en: "Third-party APIs", zh: "第三方 API" },
    pages: [
      ["integration/client", { en: "The client", zh: "客户端" }],
      ["integration/payments", { en: "Payments", zh: "支付" }],
      ["integration/email", { en: "E-mail", zh: "邮件" }],
      ["integration/mapping", { en: "Mapping", zh: "数据映射" }],
    ],
  },
  {
    title: { en: "Around them", zh: "周边" },
    pages: [
      ["events", { en: "Event bus", zh: "事件总线" }],
      ["operations", { en: "Operations", zh: "运维" }],
      ["security", { en: "Security", zh: "安全" }],
      ["performance", { en: "Performance", zh: "性能" }],
    ],
  },
  {
    title: { en: "The project", zh: "项目" },
    pages: [
      ["architecture", { en: "Architecture", zh: "架构" }],
      ["contributing", { en: "Contributing", zh: "参与贡献" }],
      ["security-policy", { en: "Security policy", zh: "安全策略" }],
    ],
  },
  {
    title: { en: "Decisions", zh: "设计决策" },
    collapsed: true,
    pages: [
      ["decisions/index", { en: "All decisions", zh: "全部决策" }],
      ["decisions/0001-runtimes", { en: "Runtimes, no Bun globals", zh: "运行时与 Bun 全局对象" }],
      [
        "decisions/0002-cryptography",
        { en: "Native or Web Crypto", zh: "node:crypto 还是 Web Crypto" },
      ],
      ["decisions/0003-max-retries", { en: "What maxRetries counts", zh: "maxRetries 数什么" }],
      ["decisions/0004-when-send-resolves", { en: "When send resolves", zh: "send 何时完成" }],
      ["decisions/0005-on-the-wire", { en: "Headers on the wire", zh: "请求头" }],
      ["decisions/0006-results-and-throws", { en: "Results and throws", zh: "结果与异常" }],
      ["decisions/0007-network-policy", { en: "Network policy", zh: "网络策略" }],
      ["decisions/0008-delivery-guarantee", { en: "Delivery guarantee", zh: "投递保证" }],
      ["decisions/0009-block-list", { en: "net.BlockList", zh: "net.BlockList" }],
      [
        "decisions/0010-memory-store-lanes",
        { en: "Lanes of the memory store", zh: "内存存储的通道" },
      ],
      ["decisions/0011-transport", { en: "The transport", zh: "传输层" }],
    ],
  },
];

const BASE: Readonly<Record<Language, string>> = { en: "/", zh: "/zh/" };

export function sidebarOf(language: Language): DefaultTheme.SidebarItem[] {
  return CHAPTERS.map(({ title, pages, collapsed }) => ({
    text: title[language],
    collapsed: collapsed ?? false,
    items: pages.map(([path, text]) => ({
      text: text[language],
      link: `${BASE[language]}${path.replace(/index$/, "")}`,
    })),
  }));
}
