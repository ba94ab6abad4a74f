/** The loopback address of the origin with this number; up to 60,000 of them. */
export function addressOf(index: number): string {
  return `127.0.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
