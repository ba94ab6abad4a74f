import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import type { ProviderAnswer } from "./provider.ts";

/** Who makes an announced call, and how old it may be. */
export interface Repeat {
  /** Whether it was announced just now. */
  readonly isFresh: boolean;
  /** Milliseconds since its announcement after which it is looked up only. */
  readonly repeatForMs: number;
}

/** One announced call, and what becomes of it. */
export interface Execution<D, R> {
  /** Whether it was announced just now: then nobody can have made this call before. */
  readonly isFresh: boolean;
  /** Whether it is too old to be repeated, such as when the provider may have forgotten its key. Not asked of a fresh one. */
  readonly isExpired: boolean;
  call(): Promise<ProviderAnswer<D>>;
  /** Looks for what the call would have made. */
  find(): Promise<ProviderAnswer<D | undefined>>;
  /** Writes what the provider says. */
  apply(said: D): Promise<R>;
  /** Writes that it was certainly not executed. */
  fail(failure: PaymentFailure): Promise<R>;
  /** Leaves it open. */
  leave(failure: PaymentFailure): Promise<R>;
}

/**
 * Makes an announced call, or finds out what became of it. A refusal says something about the call that got it, and
 * nothing about an earlier one with the same key that may have been executed: so what was found open is only closed by
 * the provider's own records, or by an answer that stands for all calls with the key.
 */
export async function execute<D, R>(execution: Execution<D, R>): Promise<R> {
  let error: PaymentFailure | undefined;
  if (execution.isFresh || !execution.isExpired) {
    const answer = await execution.call();
    if (answer.success) return execution.apply(answer.data);
    ({ error } = answer);
    if (execution.isFresh) {
      return error.outcome === "unknown" ? execution.leave(error) : execution.fail(error);
    }
  }
  const found = await execution.find();
  if (!found.success) return execution.leave(error ?? found.error);
  if (found.data !== undefined) return execution.apply(found.data);
  if (error === undefined) {
    return execution.fail(
      refusal(
        "NOT_EXECUTED",
        "The provider has no record of the call, which is too old to be repeated",
      ),
    );
  }
  return standsForAllCalls(error) ? execution.fail(error) : execution.leave(error);
}

/** Had an earlier call with the key been executed, its answer would have come back in place of this refusal. */
function standsForAllCalls({ outcome, code, retryable }: PaymentFailure): boolean {
  return outcome === "rejected" && code === "HTTP_ERROR" && !retryable;
}
