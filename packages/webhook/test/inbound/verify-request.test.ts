import { describe, expect, it } from "vitest";
import type { RequestContext, WebhookProvider } from "../../src/index.ts";
import { createGenericHmacVerifier, createInboundVerifier } from "../../src/index.ts";
import { hmacHex, NOW, SECRET } from "./requests.ts";

const BODY = '{"hello":"wörld"}';
const HEADERS = { "x-signature": hmacHex(SECRET, BODY) };

const provider = createGenericHmacVerifier("sha256", "X-Signature");
const verifier = createInboundVerifier({ provider, config: { secret: SECRET } });

function request(body = BODY): Request {
  return new Request("https://example.com/hook?a=1", { method: "POST", headers: HEADERS, body });
}

describe("verifyRequest", () => {
  it("reads body and headers, method and URL", async () => {
    const seen: (RequestContext | undefined)[] = [];
    const custom: WebhookProvider = {
      provider: "acme",
      verify(rawBody, headers, config, context) {
        seen.push(context);
        return provider.verify(rawBody, headers, config, context);
      },
    };
    const { verifyRequest } = createInboundVerifier({
      provider: custom,
      config: { secret: SECRET },
    });
    await expect(verifyRequest(request())).resolves.toMatchObject({ payload: { hello: "wörld" } });
    await verifyRequest(request(), { url: "https://public.example/hook", now: NOW });
    expect(seen).toEqual([
      { method: "POST", url: "https://example.com/hook?a=1" },
      { method: "POST", url: "https://public.example/hook", now: NOW },
    ]);
  });

  it("refuses a forged one", async () => {
    await expect(verifier.verifyRequest(request("{}"))).rejects.toMatchObject({
      name: "WebhookVerificationError",
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("says so where something has read the body before", async () => {
    const used = request();
    await used.text();
    await expect(verifier.verifyRequest(used)).rejects.toMatchObject({
      code: "CONFIG",
      reason: expect.stringContaining("read already"),
    });
  });

  it("says so where it is given the request of another framework", async () => {
    for (const other of [{ body: {} }, null, undefined]) {
      await expect(verifier.verifyRequest(other as unknown as Request)).rejects.toMatchObject({
        code: "CONFIG",
        reason: expect.stringContaining("verifyAndConvert"),
      });
    }
  });

  it("refuses a body that breaks off", async () => {
    const broken = {
      bodyUsed: false,
      arrayBuffer: () => Promise.reject(new Error("aborted")),
    } as unknown as Request;
    await expect(verifier.verifyRequest(broken)).rejects.toMatchObject({
      code: "MALFORMED_PAYLOAD",
      cause: new Error("aborted"),
    });
  });
});
