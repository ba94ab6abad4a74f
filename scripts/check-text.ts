/**
 * Refuses text that is true on one machine only, or that says "later": run by `bun run lint` over every tracked file.
 * Exit code 1 with one `file:line: reason` per finding.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Only in this file; everywhere when absent. */
  readonly file?: string;
}

const root = resolve(import.meta.dirname, "..");
const self = relative(root, import.meta.filename).replaceAll("\\", "/");

const rules: readonly Rule[] = [
  {
    // The look-behind lets `https://host/home/` and `./work/` pass: those are no paths of a machine.
    pattern: /(?<![\w.~)}\]-])\/(?:work|root|home|Users)\/|\b[A-Z]:\\Users\\/,
    reason: "an absolute path of one machine; write it relative to the repository",
  },
  {
    // A host from somebody's own settings sends every other checkout to a server it may not reach.
    // The two public sites are links for readers, nothing is installed from them.
    pattern:
      /\/\/(?!(?:docs|www)\.npmjs\.com\b)[\w.-]*(?:registry|npmjs|verdaccio|artifactory|nexus|mirror)[\w.-]*\.[a-z]{2,}/i,
    reason: "a package registry's host; which registry to use is a setting of the machine",
  },
  {
    // Work left over belongs where it is planned; in the code nobody finds it again.
    pattern: /\b(?:TODO|FIXME)\b/,
    reason: "work left over; do it now or write it down outside the code",
  },
  {
    // Bun writes a URL into the lockfile only when a package came from another registry than the default one.
    pattern: /https?:\/\//,
    reason: "a URL in the lockfile; install again with the default registry",
    file: "bun.lock",
  },
];

const listing = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
const tracked = (listing.status === 0 ? listing.stdout : "")
  .split("\0")
  // This file has to spell out what it looks for; a file deleted but not yet staged has no text.
  .filter((file) => file !== "" && file !== self && existsSync(join(root, file)));

if (tracked.length === 0) {
  console.error("check-text: git lists no files here, so nothing was checked; run it in a clone");
  process.exit(1);
}

const findings = tracked.flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8");
  // A NUL byte means that the file is no text.
  if (text.includes("\0")) return [];
  const applicable = rules.filter((rule) => rule.file === undefined || rule.file === file);
  return text
    .split("\n")
    .flatMap((line, index) =>
      applicable
        .filter(({ pattern }) => pattern.test(line))
        .map(({ reason }) => `${file}:${index + 1}: ${reason}`),
    );
});

for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exit(1);
console.log(`check-text: ${tracked.length} files, nothing machine-specific`);
