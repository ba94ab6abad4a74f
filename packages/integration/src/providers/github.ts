import type { ProviderDefinition, SignedRequest, WebhookProvider } from "@ventostack/webhook";
import { hmac, interpretProvider, parseJson, valueAt } from "@ventostack/webhook";

const github: ProviderDefinition = {
  id: "github",
  docs: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
  signature: {
    algorithm: hmac("sha256"),
    encoding: "hex",
    // Never `x-hub-signature` in its place: that one is SHA-1.
    read: (request) => request.prefixed("x-hub-signature-256", "sha256="),
  },
  signedContent: (request) => [request.body],
  payload: readPayload,
  event: (request, payload) => ({
    id: request.header("x-github-delivery"),
    type: request.header("x-github-event"),
    // The signature covers the body only: whoever holds one signed body can send it under another id or type.
    unsigned: ["id", "type", "hookId", "installationTargetId", "installationTargetType"],
    metadata: {
      action: valueAt(payload, ["action"]),
      hookId: request.header("x-github-hook-id"),
      installationTargetId: request.header("x-github-hook-installation-target-id"),
      installationTargetType: request.header("x-github-hook-installation-target-type"),
    },
  }),
};

/** A hook that is set to forms sends `payload=<JSON>`. Told by the signed body, because the content type is not signed. */
function readPayload(request: SignedRequest): unknown {
  const value = request.json();
  if (value !== undefined) return value;
  const field = request.text().startsWith("payload=") ? request.field("payload") : undefined;
  return (field && parseJson(field)) ?? request.text();
}

/**
 * Verifies the webhooks of GitHub. `config.secret` is the secret of the hook or of the GitHub App.
 *
 * GitHub signs neither a timestamp nor the delivery's GUID nor the event's name; `metadata.unsigned` says so. Handle each
 * delivery once, and do not let the type alone decide what a body means.
 * Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function createGitHubVerifier(): WebhookProvider {
  return interpretProvider(github);
}
