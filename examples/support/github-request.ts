/** A request as GitHub sends it: what a real one looks like is all that these examples need of GitHub. */
import { createHmac } from "node:crypto";

export function githubRequest(
  url: string,
  secret: string,
  payload: object,
): { readonly url: string; readonly init: RequestInit } {
  const body = JSON.stringify(payload);
  return {
    url,
    init: {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": crypto.randomUUID(),
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      },
    },
  };
}
