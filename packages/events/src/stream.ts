import { EventBusError } from "./errors.ts";

/** The payloads of one event, for `for await`. Breaking out of the loop, or `return()`, ends the subscription. */
export interface EventStream<T> {
  readonly next: () => Promise<IteratorResult<T, undefined>>;
  readonly return: () => Promise<IteratorResult<T, undefined>>;
  readonly [Symbol.asyncIterator]: () => EventStream<T>;
}

/** Where a stream gets its payloads from. */
export interface StreamSource<T> {
  /** Names the event in the error message. */
  readonly name: string;
  /** How many payloads may wait for the reader. */
  readonly maxBuffered: number;
  readonly signal: AbortSignal | undefined;
  /** Calls `push` with each payload, and `removed` when the subscription ends. Returns how to end it. */
  readonly subscribe: (push: (payload: T) => void, removed: () => void) => () => void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * A bounded buffer between emitters, who never wait for it, and one reader. Not an async generator: that would
 * subscribe at the first `next()` and miss what is emitted before, and its `return()` would wait for the next payload.
 */
export function createStream<T>({
  name,
  maxBuffered,
  signal,
  subscribe,
}: StreamSource<T>): EventStream<T> {
  // Two arrays, refilled from one another: to shift a long one costs its whole length for each payload on Node.
  let arrived: IteratorYieldResult<T>[] = [];
  let leaving: IteratorYieldResult<T>[] = [];
  const readers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  let overflow: EventBusError | undefined;
  let ended = false;

  const finish = (): void => {
    ended = true;
    overflow = undefined;
    arrived = [];
    leaving = [];
    for (const answer of readers.splice(0)) answer(DONE);
  };

  const push = (value: T): void => {
    const result = { done: false, value } as const;
    const answer = readers.shift();
    if (answer !== undefined) {
      answer(result);
    } else if (arrived.length + leaving.length < maxBuffered) {
      arrived.push(result);
    } else {
      overflow = new EventBusError(
        "BUFFER_OVERFLOW",
        `The reader of the stream of ${JSON.stringify(name)} fell behind: ${maxBuffered} events were waiting when one more came. Read faster, or raise maxBuffered`,
      );
      unsubscribe();
    }
  };

  // After an overflow the payloads that fitted are still the reader's: the error stands where the gap is.
  const unsubscribe = subscribe(push, () => {
    if (overflow === undefined) finish();
  });

  const stream: EventStream<T> = {
    next: () => {
      // The stream has not heard of it if it was aborted from the start, or after an overflow.
      if (signal?.aborted === true) finish();
      if (leaving.length === 0) {
        leaving = arrived.toReversed();
        arrived = [];
      }
      const result = leaving.pop();
      if (result !== undefined) return Promise.resolve(result);
      if (overflow !== undefined) {
        const failed = Promise.reject(overflow);
        finish();
        return failed;
      }
      if (ended) return Promise.resolve(DONE);
      return new Promise((resolve) => {
        readers.push(resolve);
      });
    },
    return: () => {
      unsubscribe();
      finish();
      return Promise.resolve(DONE);
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}
