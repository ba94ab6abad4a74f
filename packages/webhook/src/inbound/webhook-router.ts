import { WebhookError } from "../errors.ts";
import type { WebhookHandler, WebhookHandlerOptions } from "./webhook-handler.ts";
import { asHandler, createWebhookHandler } from "./webhook-handler.ts";

/**
 * Makes one handler of several, by path: `{ "/webhooks/stripe": …, "/webhooks/github": … }`. Paths are compared as they
 * stand, without the query; any other path is answered with 404.
 * @throws WebhookError INVALID_OPTION for a path that does not begin with a slash
 */
export function createWebhookRouter(
  routes: Readonly<Record<string, WebhookHandler | WebhookHandlerOptions>>,
): WebhookHandler {
  // A map: `/constructor` is a path like any other.
  const handlers = new Map<string, WebhookHandler>();
  for (const [path, route] of Object.entries(routes)) {
    if (!path.startsWith("/")) {
      throw new WebhookError(
        "INVALID_OPTION",
        `the path ${JSON.stringify(path)} must begin with a slash`,
      );
    }
    handlers.set(path, typeof route === "function" ? route : createWebhookHandler(route));
  }
  return asHandler(async (incoming) => {
    const handler = handlers.get(pathOf(incoming.url));
    return handler ? handler.reply(incoming) : { status: 404 };
  });
}

function pathOf(url: string): string {
  const afterOrigin = url.startsWith("/") ? url : url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const end = afterOrigin.search(/[?#]/);
  const path = end < 0 ? afterOrigin : afterOrigin.slice(0, end);
  return path === "" ? "/" : path;
}
