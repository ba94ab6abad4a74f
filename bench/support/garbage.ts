/** Collects garbage now: on Bun, and on Node with `--expose-gc`. */
export function collectGarbage(): void {
  (globalThis as { Bun?: { gc(force: boolean): void } }).Bun?.gc(true);
  (globalThis as { gc?: () => void }).gc?.();
}
