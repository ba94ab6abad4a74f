/** Type-checks the TypeScript fences of all pages together, each as a module of its own. */
import { dirname, join } from "node:path";
import ts from "typescript";
import type { Fence, Line } from "./markdown.ts";

const LANGUAGES: ReadonlySet<string> = new Set(["ts", "typescript", "mts", "tsx"]);

/** Fences that may import one another by their titles. */
export interface FenceGroup {
  /** A page, or a source file with docstrings. */
  readonly name: string;
  readonly fences: readonly Fence[];
}

interface Module {
  readonly path: string;
  readonly lines: readonly Line[];
}

function modulesOf(root: string, { name, fences }: FenceGroup): Module[] {
  return fences
    .filter(({ language }) => LANGUAGES.has(language))
    .map(({ title, prelude, code, at }) => ({
      // Below the root, so that packages are found from there; nothing is written.
      path: join(
        root,
        "docs/.fences",
        name,
        title?.endsWith(".ts") ? title : `line-${at.number}-of-${at.file.replaceAll("/", "-")}.ts`,
      ),
      lines: [...prelude, ...code],
    }));
}

function compilerOptions(root: string): ts.CompilerOptions {
  const path = join(root, "tsconfig.json");
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return {
    ...options,
    noEmit: true,
    // A fence without an import is a module too.
    moduleDetection: ts.ModuleDetectionKind.Force,
    // An example ends where the reader goes on.
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
}

/** @returns how many fences were checked, and one `file:line: message` per fault */
export function checkFences(
  root: string,
  groups: readonly FenceGroup[],
): { count: number; faults: string[] } {
  const modules = new Map<string, Module>();
  const folders = new Set<string>();
  const faults: string[] = [];
  for (const module of groups.flatMap((group) => modulesOf(root, group))) {
    const other = modules.get(module.path);
    const [first] = module.lines;
    if (other && first) {
      faults.push(`${first.file}:${first.number}: two fences of this page have the same title`);
    }
    modules.set(module.path, module);
    folders.add(dirname(module.path));
  }

  const options = compilerOptions(root);
  const host = ts.createCompilerHost(options);
  const textOf = (path: string): string | undefined =>
    modules
      .get(path)
      ?.lines.map(({ text }) => text)
      .join("\n");
  const program = ts.createProgram([...modules.keys()], options, {
    ...host,
    fileExists: (path) => modules.has(path) || host.fileExists(path),
    readFile: (path) => textOf(path) ?? host.readFile(path),
    directoryExists: (path) => folders.has(path) || (host.directoryExists?.(path) ?? true),
    getSourceFile(path, version, ...rest) {
      const text = textOf(path);
      return text === undefined
        ? host.getSourceFile(path, version, ...rest)
        : ts.createSourceFile(path, text, version, true);
    },
  });
  for (const [path, { lines }] of modules) {
    const file = program.getSourceFile(path);
    if (!file) continue;
    const diagnostics = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    for (const { start = 0, messageText } of diagnostics) {
      const at = lines[file.getLineAndCharacterOfPosition(start).line] ?? lines.at(-1);
      const message = ts.flattenDiagnosticMessageText(messageText, " ");
      faults.push(`${at?.file}:${at?.number}: ${message}`);
    }
  }
  return { count: modules.size, faults };
}
