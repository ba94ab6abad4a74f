/**
 * Packs the packages as they will be published, installs the tarballs into an empty project and uses them there.
 * Needs a finished build, and Bun and Node 22 or later; npm only where it is installed.
 * Prints a line per check and stops at the first that fails.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { run } from "./smoke/command.ts";
import type { Surface } from "./smoke/consumer.ts";
import { compile, readSurface, roundTrip, writeConsumer } from "./smoke/consumer.ts";
import {
  checkExports,
  checkFiles,
  checkImports,
  checkRanges,
  entriesOf,
  readManifest,
  runtimeRanges,
} from "./smoke/contents.ts";

/** The names that no release may lose. */
const FIXED_API: Readonly<Record<string, readonly string[]>> = {
  "@ventostack/webhook": [
    "createOutboundWebhookManager",
    "createInboundVerifier",
    "createGenericHmacVerifier",
  ],
  "@ventostack/integration": [
    "createStripeVerifier",
    "createGitHubVerifier",
    "createDingTalkVerifier",
    "createSlackVerifier",
    "createShopifyVerifier",
    "createWeChatPayVerifier",
    "createAlipayVerifier",
  ],
  "@ventostack/events": ["createEventBus", "defineEvent"],
};

const root = resolve(import.meta.dirname, "..");
const bun = process.execPath;
const npm = Bun.which("npm");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const directories = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));

// Resolved, because macOS links its temporary directory and a source map would seem to point outside it.
const temp = realpathSync(mkdtempSync(join(tmpdir(), "ventostack-smoke-")));
process.on("exit", () => rmSync(temp, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

async function check<T>(label: string, body: () => T | Promise<T>): Promise<T> {
  try {
    const result = await body();
    console.log(`ok    ${label}`);
    return result;
  } catch (error) {
    console.error(`FAIL  ${label}\n${error instanceof Error ? error.message : String(error)}`);
    return process.exit(1);
  }
}

/** The pinned Node where the platform has one, the machine's own elsewhere. */
function findNode(): string {
  const path = [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  const found = Bun.which("node", { PATH: path });
  if (found === null) throw new Error("no Node found; install Node 22 or later");
  // Bun puts itself on PATH as `node` where there is none; that would test Bun twice.
  const about = "process.versions.bun ? 'Bun' : process.versions.node";
  const version = run(found, ["-p", about], temp).trim();
  if (Number.parseInt(version, 10) >= 22) return found;
  throw new Error(`${found} is ${version}; install Node 22 or later`);
}

/**
 * npm, because `changeset publish` calls it in a Bun workspace. `bun pm pack` on a machine without npm: it makes the
 * same tarball but for `workspace:` ranges, which it rewrites, and those are refused before.
 */
function pack(directory: string): string {
  const target = mkdtempSync(join(temp, "tarball-"));
  if (npm === null) run(bun, ["pm", "pack", "--destination", target, "--quiet"], directory);
  else run(npm, ["pack", "--pack-destination", target], directory);
  const [file] = readdirSync(target);
  if (file === undefined) throw new Error("the packer wrote no tarball");
  return join(target, file);
}

const runtimes = { bun, node: await check("Node 22 or later", findNode) };
const sources = directories.map((directory) => ({ directory, manifest: readManifest(directory) }));
const tarballs: Record<string, string> = {};
const entries: string[] = [];

for (const { directory, manifest } of sources) {
  const { name } = manifest;
  await check(`${name}: no workspace ranges`, () => checkRanges(manifest));
  const packer = npm === null ? "bun" : "npm";
  const tarball = await check(`${name}: packed by ${packer}`, () => pack(directory));
  const unpacked = join(temp, "unpacked", name);
  await new Bun.Archive(readFileSync(tarball)).extract(unpacked);
  const content = join(unpacked, "package");
  const packed = readManifest(content);
  await check(`${name}: holds nothing but dist, README, LICENSE, package.json`, () =>
    checkFiles(content),
  );
  await check(`${name}: every condition of exports has its file`, () =>
    checkExports(packed, content),
  );
  await check(`${name}: imports only what it declares`, () => checkImports(packed, content));
  await check(`${name}: asks for the siblings as they are`, () => {
    checkRanges(packed);
    for (const [dependency, range] of runtimeRanges(packed)) {
      const sibling = sources.find((source) => source.manifest.name === dependency)?.manifest;
      if (sibling && !Bun.semver.satisfies(sibling.version, range)) {
        throw new Error(`${dependency} is ${sibling.version} here, but ${range} is asked for`);
      }
    }
  });
  tarballs[name] = tarball;
  entries.push(...entriesOf(packed));
}

const installers: Readonly<Record<string, (project: string) => string>> = {
  // A cache of its own: the version does not change from run to run, but the tarball does.
  bun: (project) =>
    run(bun, ["install", "--ignore-scripts"], project, {
      BUN_INSTALL_CACHE_DIR: join(temp, "cache"),
    }),
  ...(npm !== null && {
    npm: (project: string) =>
      run(npm, ["install", "--ignore-scripts", "--prefer-offline", "--no-audit"], project),
  }),
};

for (const [installer, install] of Object.entries(installers)) {
  const project = join(temp, installer);
  mkdirSync(project);
  writeConsumer(project, tarballs);
  await check(`installed by ${installer}`, () => install(project));

  let surface: Surface = {};
  for (const [runtime, command] of Object.entries(runtimes)) {
    surface = await check(`${installer}, ${runtime}: all ${entries.length} entries import`, () =>
      readSurface(command, project, entries),
    );
    await check(`${installer}, ${runtime}: the fixed names are there`, () => {
      for (const [entry, names] of Object.entries(FIXED_API)) {
        const missing = names.filter((name) => surface[entry]?.[name] !== "function");
        if (missing.length > 0) throw new Error(`${entry} lacks ${missing.join(", ")}`);
      }
    });
    await check(`${installer}, ${runtime}: what is signed verifies, what is changed does not`, () =>
      roundTrip(command, project),
    );
  }
  // The tarballs are the same for every installer, so one is enough for the slowest check.
  if (installer !== "bun") continue;
  for (const [resolution, ambient] of [
    ["nodenext", "Node"],
    ["nodenext", "DOM"],
    ["bundler", "DOM"],
  ] as const) {
    await check(
      `types compile with moduleResolution ${resolution} and the types of ${ambient}`,
      () => compile([bun, tsc], project, surface, resolution, ambient),
    );
  }
}
