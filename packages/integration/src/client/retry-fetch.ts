import { knownKeys } from "./check.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { createEngine, ENGINE_OPTION_NAMES } from "./engine.ts";
import { withParts } from "./errors.ts";
import type { SdkFetch } from "./exchange.ts";
import { toSdkFetch } from "./exchange.ts";
import type { PolicyEnd } from "./policy-loop.ts";
import { wholeFailure } from "./policy-loop.ts";
import { readFailure } from "./result.ts";
import { outcomeOfStatus } from "./status-code.ts";
import { readFetchCall } from "./wire-request.ts";

/**
 * A `fetch` with the whole policy loop, for a vendor's SDK whose own retries are off.
 *
 * It resolves to the vendor's last answer, whatever its status, and rejects with an `IntegrationError` if there is none.
 * It also rejects where the last answer would mislead: an attempt before it may have been executed (`outcome` is
 * `unknown`) and the answer, such as a 429 after a lost connection, does not tell.
 * @throws CONFIG_ERROR
 */
export function createRetryFetch(options: EngineOptions): SdkFetch {
  knownKeys("The options", options, ENGINE_OPTION_NAMES);
  return fetchOf(createEngine(options), []);
}

/** @param signals end every call */
export function fetchOf(engine: Engine, signals: readonly AbortSignal[]): SdkFetch {
  return toSdkFetch(async (input, init) => {
    const call = await readFetchCall(input, init);
    const end = await engine.run({
      ...call,
      replayable: !(call.body instanceof ReadableStream),
      signals: [call.signal, ...signals],
    });
    return answerOf(end, engine);
  });
}

async function answerOf(end: PolicyEnd, { parts, policy }: Engine): Promise<Response> {
  if (end.error) throw wholeFailure(end.error, end);
  const { response } = end;
  const { status } = response;
  if (status < 400 || outcomeOfStatus(status) === end.outcome) return response;
  const failure = await readFailure(response, {
    integration: parts.name,
    scrub: parts.log.scrub,
    nowMs: parts.clock.now(),
    statuses: policy.statuses,
  });
  throw withParts(wholeFailure(failure, end), {
    message: `${parts.name} answered with status ${status}, but may have carried out an earlier attempt of the same call`,
  });
}
