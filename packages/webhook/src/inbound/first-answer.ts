import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise } from "../maybe-promise.ts";

/** Goes on with a value: at once where it is there, later where it is promised. */
export function chain<T, R>(
  value: MaybePromise<T>,
  use: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return isPromise(value) ? value.then(use) : use(value);
}

/** The first answer that is not `undefined`, asked for one item after the other. */
export function firstAnswer<T extends object, R>(
  items: readonly T[],
  ask: (item: T, index: number) => MaybePromise<R | undefined>,
  from = 0,
): MaybePromise<R | undefined> {
  for (let index = from; index < items.length; index += 1) {
    const item = items[index];
    if (item === undefined) continue;
    const answer = ask(item, index);
    if (isPromise(answer)) {
      return answer.then((value) => value ?? firstAnswer(items, ask, index + 1));
    }
    if (answer !== undefined) return answer;
  }
  return undefined;
}
