import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";

/** The type of each named export, by import specifier. */
export type Surface = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Writes a project that has nothing but the tarballs and the one optional peer that their declarations name. */
export function writeConsumer(directory: string, tarballs: Readonly<Record<string, string>>): void {
  const local = Object.fromEntries(
    Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]),
  );
  const manifest = {
    name: "smoke-consumer",
    private: true,
    type: "module",
    dependencies: local,
    // An optional peer, whose types a declaration names; and the oldest types of Node that will do.
    devDependencies: { stripe: ">=23", "@types/node": "^22.0.0" },
    // The packages depend on each other by version, and that version is not published yet.
    overrides: local,
  };
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest, null, 2));
  writeFileSync(join(directory, "surface.mjs"), SURFACE);
  writeFileSync(join(directory, "round-trip.mjs"), ROUND_TRIP);
}

const SURFACE = `
const surface = {};
for (const entry of process.argv.slice(2)) {
  const module = await import(entry);
  surface[entry] = Object.fromEntries(Object.keys(module).sort().map((name) => [name, typeof module[name]]));
}
console.log(JSON.stringify(surface));
`;

/** Imports every entry under one runtime and lists what it exports. */
export function readSurface(
  runtime: string,
  directory: string,
  entries: readonly string[],
): Surface {
  const printed = run(runtime, ["surface.mjs", ...entries], directory);
  // The last line, in case a module greets when it is loaded.
  const surface = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Surface;
  for (const [entry, names] of Object.entries(surface)) {
    if (Object.keys(names).length === 0) throw new Error(`${entry} exports nothing`);
    const missing = Object.keys(names).filter((name) => names[name] === "undefined");
    if (missing.length > 0) throw new Error(`${entry}: undefined exports: ${missing.join(", ")}`);
  }
  return surface;
}

const ROUND_TRIP = `
import assert from "node:assert/strict";
import { createGenericHmacVerifier, createInboundVerifier, createOutboundWebhookManager } from "@ventostack/webhook";

const secret = "a-secret-for-the-smoke-test";
const body = JSON.stringify({ orderId: "123" });
const signature = await createOutboundWebhookManager({ signatureAlgorithm: "sha256" }).sign(body, secret);
assert.match(signature, /^[0-9a-f]{64}$/, "sign() returns lower-case hex");

const provider = createGenericHmacVerifier("sha256", "x-signature");
const verifier = createInboundVerifier({ provider, config: { secret } });
const headers = { "x-signature": "sha256=" + signature };
const event = await verifier.verifyAndConvert(body, headers);
assert.equal(event.type, "webhook.received");
assert.deepEqual(event.payload, { orderId: "123" });
await assert.rejects(async () => verifier.verifyAndConvert(body + " ", headers), { code: "SIGNATURE_MISMATCH" });
`;

/** Signs with the sender, verifies with the receiver, and sees a changed body refused. */
export function roundTrip(runtime: string, directory: string): void {
  run(runtime, ["round-trip.mjs"], directory);
}

/**
 * Compiles a file that imports every entry, with nothing installed but that. The record makes the compiler
 * compare both lists: a name that is declared but not exported is missing in it, the reverse is one too many.
 */
export function compile(
  tsc: readonly [command: string, file: string],
  directory: string,
  surface: Surface,
  resolution: "nodenext" | "bundler",
  ambient: "DOM" | "Node",
): void {
  const source = Object.entries(surface).flatMap(([entry, names], index) => [
    `import * as entry${index} from "${entry}";`,
    `const names${index}: Record<keyof typeof entry${index}, string> = ${JSON.stringify(names)};`,
    `console.log(names${index});`,
  ]);
  writeFileSync(join(directory, "surface.ts"), source.join("\n"));
  const config = {
    compilerOptions: {
      target: "ES2023",
      lib: ["ES2023", "ESNext.Disposable", ...(ambient === "DOM" ? ["DOM"] : [])],
      module: resolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      // The declarations are what is under test. They have to stand without anybody's ambient types but a browser's, or
      // those of Node.
      skipLibCheck: false,
      types: ambient === "DOM" ? [] : ["node"],
    },
    files: ["surface.ts"],
  };
  const file = `tsconfig.${resolution}.${ambient}.json`;
  writeFileSync(join(directory, file), JSON.stringify(config));
  run(tsc[0], [tsc[1], "-p", file], directory);
}
