import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../../src");
const IMPORT = /^\s*(?:import|export)\s(?!type)[^;]*?from "([^"]+)";/gm;

/** Everything that a module loads, itself included, by following its imports. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, target = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
    if (target.startsWith(".")) loadedBy(join(dirname(file), target), seen);
    else seen.add(target);
  }
  return seen;
}

describe("importing the e-mail module", () => {
  const loaded = loadedBy(join(SOURCE, "email/index.ts"));

  it("does not load SQLite, for which its own subpath is there", () => {
    expect(loaded).toContain(join(SOURCE, "email/email-service.ts"));
    expect(loaded).not.toContain("node:sqlite");
    expect(loadedBy(join(SOURCE, "email/sqlite/index.ts"))).toContain("node:sqlite");
  });

  it("does not load what belongs to tests or to payments through an SDK", () => {
    expect([...loaded].filter((file) => /testing|^stripe$/.test(file))).toEqual([]);
  });
});
