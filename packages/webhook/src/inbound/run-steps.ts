import type { MaybePromise } from "../maybe-promise.ts";

/** Steps in plain order that pause where something is only promised. */
export type Steps<T> = Generator<Promise<void>, T, void>;

/**
 * Runs steps at once for as long as nothing is promised, and in the background from there on: a request signed with HMAC is
 * verified without a single promise, and the code is the same for all.
 */
export function runSteps<T>(steps: Steps<T>): MaybePromise<T> {
  const step = steps.next();
  return step.done ? step.value : runLater(steps, step.value);
}

async function runLater<T>(steps: Steps<T>, first: Promise<void>): Promise<T> {
  let pause = first;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each step needs the one before
    const step = await pause.then(
      () => steps.next(),
      (error: unknown) => steps.throw(error),
    );
    if (step.done) return step.value;
    pause = step.value;
  }
}

/** Waits within steps: `isPromise(x) ? yield* promised(x) : x`. */
export function* promised<T>(value: Promise<T>): Steps<T> {
  let brought: { readonly value: T } | undefined;
  const bring = async (): Promise<void> => {
    brought = { value: await value };
  };
  yield bring();
  if (!brought) throw new TypeError("steps went on before their promise was kept");
  return brought.value;
}
