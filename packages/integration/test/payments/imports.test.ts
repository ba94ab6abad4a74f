import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Imports and re-exports that exist at run time: those of types alone are gone by then. */
const STATIC_IMPORT = /^(?:import|export)(?! type\b)(?:[^;'"]*?from)?\s*"([^"]+)"/gm;

function loadedBy(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(STATIC_IMPORT)) {
      if (name.startsWith(".")) visit(join(dirname(file), name));
      else packages.add(name);
    }
  };
  visit(join(SRC, entry));
  return packages;
}

it("importing payments loads neither node:sqlite nor stripe", () => {
  const packages = loadedBy("payments/index.ts");
  expect(packages).toContain("cockatiel");
  expect(packages).not.toContain("node:sqlite");
  expect(packages).not.toContain("stripe");
  expect(loadedBy("payments/sqlite/index.ts")).toContain("node:sqlite");
});

it("works without the stripe package until a payment is made, and then says what to install", () => {
  const directory = mkdtempSync(join(tmpdir(), "no-stripe-"));
  try {
    cpSync(SRC, join(directory, "src"), { recursive: true });
    mkdirSync(join(directory, "node_modules"));
    for (const name of loadedBy("payments/index.ts")) {
      if (name.startsWith("node:")) continue;
      const target = join(directory, "node_modules", name);
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(realpathSync(join(MODULES, name)), target);
    }
    writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(directory, "main.ts"),
      `import { createMemoryPaymentStore, createPaymentService, createStripePaymentProvider, parseMoney } from "./src/payments/index.ts";
       const provider = createStripePaymentProvider({ apiKey: "sk_test_x", client: { log: false } });
       const store = createMemoryPaymentStore();
       const payments = createPaymentService({ provider, store });
       console.log(parseMoney("1.50", "EUR").amount);
       const charge = { userId: "u", money: parseMoney("1.50", "EUR"), paymentMethodId: "pm_1", operationId: "o" };
       await payments.charge(charge).catch((error) => console.log(error.code, error.message));
       console.log(await store.payment({ operationId: "o" }), await store.customer("stripe", "u"));`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, ["main.ts"], {
      cwd: directory,
      encoding: "utf8",
      timeout: 30_000,
      env: { PATH: process.env["PATH"] },
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^150\nSDK_MISSING .*add the package "stripe".*\nundefined undefined\n$/,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
