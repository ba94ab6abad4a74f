import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { problem } from "./stripe-emulator-answer.ts";

/** What a request with an idempotency key meets. */
type KeyVerdict =
  /** Work, and then say what came of it. */
  | { readonly kind: "new"; readonly finish: (answer: StripeAnswer | undefined) => void }
  | { readonly kind: "replay"; readonly answer: StripeAnswer; readonly originalId: string }
  | { readonly kind: "refused"; readonly answer: StripeAnswer };

/** The answers that are kept for idempotency keys. */
export interface IdempotencyKeys {
  /**
   * @param request what has to be the same for the same key: method, path and body
   */
  enter(key: string, request: string, requestId: string): KeyVerdict;
  /** As Stripe does with keys that are older than a day. */
  forget(): void;
}

interface Entry {
  readonly request: string;
  readonly requestId: string;
  answer?: StripeAnswer;
}

const MOST_CHARACTERS = 255;

/** Source: https://docs.stripe.com/api/idempotent_requests */
export function createIdempotencyKeys(): IdempotencyKeys {
  const entries = new Map<string, Entry>();

  return {
    enter(key, request, requestId) {
      if (key.length > MOST_CHARACTERS) return refused(400, "The idempotency key is too long");
      const known = entries.get(key);
      if (known && known.request !== request) {
        return refused(
          400,
          "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        );
      }
      if (known?.answer) {
        return { kind: "replay", answer: known.answer, originalId: known.requestId };
      }
      if (known) {
        return refused(
          409,
          "There is another request in progress with this idempotency key.",
          "idempotency_key_in_use",
        );
      }
      const entry: Entry = { request, requestId };
      entries.set(key, entry);
      return {
        kind: "new",
        finish(answer) {
          if (answer?.isExecuted) entry.answer = answer;
          else if (entries.get(key) === entry) entries.delete(key);
        },
      };
    },
    forget: () => entries.clear(),
  };
}

function refused(status: number, message: string, code?: string): KeyVerdict {
  return {
    kind: "refused",
    answer: problem(status, message, {
      type: "idempotency_error",
      ...(code !== undefined && { code }),
    }),
  };
}
