import { spawnSync } from "node:child_process";

const TIMEOUT_MS = 120_000;

/** What `npm` and `bun run` tell scripts about the package they run in: an installer started here would believe it. */
const LEAKING =
  /^(?:npm_package_|npm_lifecycle_|npm_config_local_prefix$|npm_config_workspace|npm_execpath$|INIT_CWD$)/i;

function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEAKING.test(name)));
}

/**
 * Runs a command to its end and returns what it wrote to standard output.
 * @throws Error with the command's own output when it fails or runs longer than two minutes
 */
export function run(
  command: string,
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    cwd: directory,
    encoding: "utf8",
    env: { ...cleanEnvironment(), ...environment },
    timeout: TIMEOUT_MS,
  });
  if (status === 0) return stdout;
  const why = error?.message ?? (status === null ? "was ended by a signal" : `exit code ${status}`);
  throw new Error(`${[command, ...args].join(" ")}: ${why}\n${stdout ?? ""}${stderr ?? ""}`.trim());
}
