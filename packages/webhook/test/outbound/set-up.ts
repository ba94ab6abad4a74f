import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import type { OutboundWebhookManagerOptions } from "../../src/outbound/options.ts";
import { createManualClock } from "../../src/testing/manual-clock.ts";
import type { ManualClock } from "../../src/testing/manual-clock.ts";
import type { OutboundWebhookManager } from "../../src/outbound/manager-types.ts";
import { createScriptedTransport } from "./scripted-transport.ts";
import type { ScriptedTransport } from "./scripted-transport.ts";

type Script = Parameters<typeof createScriptedTransport>[0];

export const URL_A = "https://a.example.com/hook";
export const URL_B = "https://b.example.com/hook";
export const SECRET = "a-secret-of-the-tests";

/** A manager with a clock that is moved by hand, no jitter, and a network that is a script. */
export function setUp(
  script: Script = {},
  options: OutboundWebhookManagerOptions = {},
): { outbound: OutboundWebhookManager; clock: ManualClock; transport: ScriptedTransport } {
  const clock = createManualClock();
  const transport = createScriptedTransport(script);
  let ids = 0;
  const outbound = createOutboundWebhookManager({
    clock,
    transport,
    // The upper end of the jitter: delays are the whole base.
    random: () => 1,
    newId: () => `id-${(ids += 1)}`,
    ...options,
  });
  return { outbound, clock, transport };
}
