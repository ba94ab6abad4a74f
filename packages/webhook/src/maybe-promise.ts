/** What a port returns that may be synchronous (memory, SQLite) or not (a shared database). */
export type MaybePromise<T> = T | Promise<T>;

/** Whether a value is a promise. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Applies a function now or when the promise settles: what is synchronous stays so. */
export function mapMaybe<T, U>(
  value: MaybePromise<T>,
  map: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(map) : map(value);
}
