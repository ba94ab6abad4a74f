/** Ends the example with exit code 1 if something is not as it should be: an example that no longer works must say so. */
export function expect(isRight: boolean, what: string): void {
  if (isRight) return;
  console.error(`Not as it should be: ${what}`);
  process.exit(1);
}

/** Runs an example to its end, and lets nothing that it has opened keep the process alive. */
export async function run(example: () => Promise<void>): Promise<never> {
  try {
    await example();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
  process.exit(0);
}
