import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
}

export function runtimeRanges(manifest: Manifest): readonly (readonly [string, string])[] {
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  return [dependencies, peerDependencies, optionalDependencies].flatMap((ranges) =>
    Object.entries(ranges ?? {}),
  );
}

/** @throws Error for a range that only this repository can resolve; `npm publish` would not rewrite it. */
export function checkRanges(manifest: Manifest): void {
  for (const [name, range] of runtimeRanges(manifest)) {
    if (/^(?:workspace|catalog|file|link|portal):/.test(range)) {
      throw new Error(
        `${manifest.name} depends on ${name}@${range}: write a plain range such as "^1.2.3"`,
      );
    }
  }
}

/** Where an entry leads: `["types", "./dist/index.d.ts"]` for each condition, nested ones joined with a space. */
function targets(entry: unknown, condition = ""): readonly (readonly [string, string])[] {
  if (typeof entry === "string") return [[condition, entry]];
  if (typeof entry !== "object" || entry === null) return [];
  return Object.entries(entry).flatMap(([name, inner]) =>
    targets(inner, `${condition} ${name}`.trim()),
  );
}

/** The import specifiers of every entry that is code. */
export function entriesOf(manifest: Manifest): readonly string[] {
  return Object.keys(manifest.exports)
    .filter((key) => !key.endsWith(".json"))
    .map((key) => manifest.name + key.slice(1));
}

/**
 * Follows every condition of every entry. publint and attw accept a condition, such as `bun`, whose file is not in
 * the tarball, and then only the consumers who use that condition fail.
 */
export function checkExports(manifest: Manifest, directory: string): void {
  for (const [key, entry] of Object.entries(manifest.exports)) {
    const found = targets(entry);
    if (key.includes("*") || found.length === 0) {
      throw new Error(`exports["${key}"]: list each entry with its files, so that each is checked`);
    }
    for (const [condition, file] of found) {
      if (!existsSync(join(directory, file))) {
        throw new Error(
          `exports["${key}"], condition "${condition}": ${file} is not in the tarball`,
        );
      }
    }
    if (!key.endsWith(".json") && !found.some(([, file]) => file.endsWith(".d.ts"))) {
      throw new Error(`exports["${key}"] declares no types`);
    }
  }
}

const ALLOWED = /^(?:package\.json|LICENSE|README[^/]*|dist\/.+\.(?:js|js\.map|d\.ts))$/;
const TEST = /(?:^|\/)(?:tests?|__tests__|bench)\/|\.(?:test|test-d|spec|bench)\./;

export function checkFiles(directory: string): void {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
  const stray = files.filter((file) => !ALLOWED.test(file) || TEST.test(file));
  if (stray.length > 0) throw new Error(`these files do not belong there: ${stray.join(", ")}`);
  if (!files.includes("LICENSE")) throw new Error("LICENSE is missing");
  for (const map of files.filter((file) => file.endsWith(".map"))) checkMap(directory, map);
}

/**
 * The sources themselves are not shipped, so a map has to carry their text. A source outside the package means that
 * another package was bundled in; an absolute one names a directory of the machine that built it.
 */
function checkMap(directory: string, file: string): void {
  const path = join(directory, file);
  const { sources, sourcesContent, sourceRoot } = JSON.parse(readFileSync(path, "utf8")) as {
    sources: readonly string[];
    sourcesContent?: readonly (string | null)[];
    sourceRoot?: string;
  };
  for (const [index, source] of sources.entries()) {
    const place = relative(directory, resolve(dirname(path), sourceRoot ?? "", source));
    if (isAbsolute(source) || place.startsWith("..") || source.includes("://")) {
      throw new Error(`${file} points outside the package: ${source}`);
    }
    if (typeof sourcesContent?.[index] !== "string") {
      throw new Error(`${file} has no text for ${source}, which is not in the tarball`);
    }
  }
}

/** Every import of the built code has to be a file of the package, a builtin or a declared dependency. */
export function checkImports(manifest: Manifest, directory: string): void {
  const declared = new Set([manifest.name, ...runtimeRanges(manifest).map(([name]) => name)]);
  const transpiler = new Bun.Transpiler({ loader: "js" });
  for (const file of readdirSync(join(directory, "dist"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js")) continue;
    for (const { path } of transpiler.scanImports(
      readFileSync(join(directory, "dist", file), "utf8"),
    )) {
      const [first = "", second = ""] = path.split("/");
      const dependency = first.startsWith("@") ? `${first}/${second}` : first;
      if (!/^(?:\.|node:)/.test(path) && !declared.has(dependency)) {
        throw new Error(`dist/${file} imports ${path}, which is not among the dependencies`);
      }
    }
  }
}
