import { existsSync, readFileSync } from "node:fs";
import type { DefaultTheme, LocaleSpecificConfig } from "vitepress";
import { defineConfig } from "vitepress";
import { rebaseRootLinks } from "./root-files.ts";
import { sidebarOf } from "./sidebar.ts";

interface ApiItem {
  readonly text: string;
  readonly link?: string;
  readonly items?: readonly ApiItem[];
}

/** The entry points. Not what is in them: hundreds of links on hundreds of pages would make up most of the site. */
function entryPoints({ text, link, items = [] }: ApiItem): DefaultTheme.SidebarItem[] {
  const inside = items.flatMap((item) => entryPoints(item));
  const isEntry = text.startsWith("@ventostack/") && link !== undefined;
  return isEntry ? [{ text: text.replace("@ventostack/", ""), link }, ...inside] : inside;
}

/** Written with the API reference; `docs:dev` may run without it. */
function apiSidebar(): DefaultTheme.SidebarItem[] {
  const file = new URL("../api/typedoc-sidebar.json", import.meta.url);
  if (!existsSync(file)) return [];
  const items: readonly ApiItem[] = JSON.parse(readFileSync(file, "utf8"));
  return [{ text: "API", link: "/api/", items: items.flatMap((item) => entryPoints(item)) }];
}

/** Chinese has no spaces between words: pairs of characters stand in for them. Sent to the browser as text, so it stands alone. */
function tokenize(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s\p{P}\p{S}]+/u)
    .flatMap((word) => {
      const parts = word.match(/[\u3400-\u9fff]+|[^\u3400-\u9fff]+/g) ?? [];
      return parts.flatMap((part) =>
        /[\u3400-\u9fff]/.test(part) && part.length > 1
          ? Array.from({ length: part.length - 1 }, (_, index) => part.slice(index, index + 2))
          : [part],
      );
    });
}

interface Locale extends LocaleSpecificConfig<DefaultTheme.Config> {
  readonly label: string;
  readonly link?: string;
}

const english: Locale = {
  label: "English",
  lang: "en",
  description: "Send and receive webhooks, and call other companies' APIs, on Bun and Node.",
  themeConfig: {
    nav: [
      { text: "Guide", link: "/guide/getting-started" },
      { text: "Sending", link: "/sending/" },
      { text: "Receiving", link: "/receiving/" },
      { text: "API", link: "/api/" },
    ],
    outline: { level: [2, 3] },
  },
};

const chinese: Locale = {
  label: "简体中文",
  lang: "zh-Hans",
  link: "/zh/",
  description: "在 Bun 与 Node 上收发 Webhook、调用第三方 API。",
  themeConfig: {
    nav: [
      { text: "指南", link: "/zh/guide/getting-started" },
      { text: "发送", link: "/zh/sending/" },
      { text: "接收", link: "/zh/receiving/" },
      { text: "API（英文）", link: "/api/" },
    ],
    outline: { level: [2, 3], label: "本页目录" },
    docFooter: { prev: "上一页", next: "下一页" },
    returnToTopLabel: "回到顶部",
    sidebarMenuLabel: "目录",
    darkModeSwitchLabel: "外观",
    lightModeSwitchTitle: "切换到浅色",
    darkModeSwitchTitle: "切换到深色",
    langMenuLabel: "切换语言",
    skipToContentLabel: "跳到正文",
    notFound: {
      title: "没有这个页面",
      quote: "链接可能已经改动。请用上方的搜索，或从目录进入。",
      linkText: "回到首页",
      linkLabel: "回到首页",
    },
  },
};

export default defineConfig({
  title: "VentoStack Webhooks",
  cleanUrls: true,
  // One file with the list of all pages, not a copy of it in each page.
  metaChunk: true,
  // A link to a page that is not there ends the build.
  ignoreDeadLinks: false,
  srcExclude: ["**/parts/**"],
  locales: { root: english, zh: chinese },
  markdown: {
    theme: { light: "github-light", dark: "github-dark" },
    config: rebaseRootLinks,
    container: { tipLabel: "Note", warningLabel: "Careful", dangerLabel: "Danger" },
  },
  themeConfig: {
    sidebar: {
      "/api/": apiSidebar(),
      "/zh/": sidebarOf("zh"),
      "/": sidebarOf("en"),
    },
    search: {
      provider: "local",
      options: {
        miniSearch: { options: { tokenize } },
        locales: {
          zh: {
            translations: {
              button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
              modal: {
                noResultsText: "没有找到：",
                resetButtonTitle: "清除",
                backButtonTitle: "返回",
                displayDetails: "显示详情",
                footer: { selectText: "选择", navigateText: "移动", closeText: "关闭" },
              },
            },
          },
        },
      },
    },
  },
});
