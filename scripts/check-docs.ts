/**
 * Keeps the documentation true: every TypeScript fence of every Markdown file and docstring compiles in strict mode, every
 * link inside the repository leads somewhere, and every page of the site is there in both languages.
 * Exit code 1 with one `file:line: message` per fault. How fences share code: see `CONTRIBUTING.md`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { checkFences } from "./docs/fences.ts";
import { checkLinks } from "./docs/links.ts";
import { readDocstrings, readPage } from "./docs/markdown.ts";

const root = resolve(import.meta.dirname, "..");

/** Files of the working tree, those that are not committed yet too; not what is ignored. */
function listFiles(...patterns: readonly string[]): string[] {
  const { status, stdout } = spawnSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...patterns],
    { cwd: root, encoding: "utf8" },
  );
  const files = status === 0 ? stdout.split("\0") : [];
  return files.filter((file) => file !== "" && existsSync(join(root, file))).toSorted();
}

/** Parts of pages: checked where they are included, because their links and imports are those of the page. */
const PART = /(?:^|\/)parts\//;

const pages = listFiles("*.md")
  .filter((file) => !PART.test(file))
  .map((file) => readPage(root, file));
const sources = listFiles("packages/*/src/*.ts").filter((file) => !file.endsWith(".d.ts"));
if (pages.length === 0 || sources.length === 0) {
  console.error("check-docs: git lists no files here, so nothing was checked; run it in a clone");
  process.exit(1);
}

const { count, faults } = checkFences(root, [
  ...pages.map(({ file, fences }) => ({ name: file, fences })),
  ...sources.map((file) => ({ name: file, fences: readDocstrings(root, file) })),
]);

const inChinese = /^docs\/zh\//;
const files = new Set(pages.map(({ file }) => file));
const alone = pages.flatMap(({ file }) => {
  if (!file.startsWith("docs/")) return [];
  const twin = inChinese.test(file)
    ? file.replace(inChinese, "docs/")
    : file.replace("docs/", "docs/zh/");
  return files.has(twin) ? [] : [`${file}:1: this page has no counterpart ${twin}`];
});

const findings = [...faults, ...checkLinks(root, pages), ...alone];
for (const finding of findings) console.error(finding);
if (findings.length > 0) {
  console.error(`check-docs: ${findings.length} faults`);
  process.exit(1);
}
console.log(`check-docs: ${pages.length} pages, ${count} fences, every link leads somewhere`);
