/** A record while it is put together: fields that may be absent are added one by one, which is faster than spreads. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
