/** The same object without the properties that are `undefined`. */
export function withoutAbsent<T extends object>(
  value: T,
): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  // Only entries that are not `undefined` are left.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
