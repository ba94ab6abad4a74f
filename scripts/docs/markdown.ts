/** Reads Markdown as far as the checks need it: lines with their origin, fences, headings and links. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A line, and where somebody can mend it. */
export interface Line {
  readonly text: string;
  /** Relative to the repository. */
  readonly file: string;
  /** 1 for the first. */
  readonly number: number;
}

export interface Fence {
  /** The first word after the backticks, such as `ts`. */
  readonly language: string;
  /** What stands in brackets after it, such as `webhook.ts`: the title of a tab, and a module's name. */
  readonly title: string | undefined;
  /** Code that the reader does not see; see `CONTRIBUTING.md`. */
  readonly prelude: readonly Line[];
  readonly code: readonly Line[];
  readonly at: Line;
}

export interface Link {
  readonly target: string;
  readonly at: Line;
}

export interface Page {
  readonly file: string;
  readonly fences: readonly Fence[];
  readonly links: readonly Link[];
  /** The texts of the headings. */
  readonly headings: readonly string[];
}

const INCLUDE = /^\s*<!--\s*@include:\s*(\S+?)\s*-->\s*$/;

/** The lines of a file, with those of the files that it includes as VitePress does it. */
function readLines(root: string, file: string): Line[] {
  const texts = readFileSync(join(root, file), "utf8").split("\n");
  return texts.flatMap((text, index): Line[] => {
    const included = INCLUDE.exec(text)?.[1];
    if (included === undefined) return [{ text, file, number: index + 1 }];
    return readLines(root, join(dirname(file), included).replaceAll("\\", "/"));
  });
}

const OPENING = /^(?<indent>\s*)(?<ticks>`{3,}|~{3,})\s*(?<language>[^\s`[{]*)(?<rest>[^`]*)$/;
const TITLE = /\[([^\]]+)\]/;

/** Parts of a page that are neither code nor comments, with the fences taken out. */
function takeFences(lines: readonly Line[]): { fences: Fence[]; prose: Line[] } {
  const fences: Fence[] = [];
  const prose: Line[] = [];
  let prelude: Line[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (!line) break;
    if (line.text.trimStart().startsWith("<!--")) {
      const end = lines.findIndex((each, at) => at >= index && each.text.includes("-->"));
      const comment = lines.slice(index, end < 0 ? lines.length : end + 1);
      if (line.text.trim() === "<!--ts") prelude = comment.slice(1, -1);
      index += comment.length - 1;
      continue;
    }
    const opening = OPENING.exec(line.text)?.groups;
    if (!opening) {
      if (line.text.trim() !== "") prelude = [];
      prose.push(line);
      continue;
    }
    const { indent = "", ticks = "", language = "", rest = "" } = opening;
    const closing = new RegExp(`^\\s*${ticks[0] ?? "`"}{${ticks.length},}\\s*$`);
    const code: Line[] = [];
    for (index += 1; index < lines.length; index += 1) {
      const inside = lines[index];
      if (!inside || closing.test(inside.text)) break;
      const { text } = inside;
      code.push({ ...inside, text: text.startsWith(indent) ? text.slice(indent.length) : text });
    }
    fences.push({ language, title: TITLE.exec(rest)?.[1], prelude, code, at: line });
    prelude = [];
  }
  return { fences, prose };
}

const INLINE_CODE = /(`+)(?:(?!\1).)+?\1/g;
const LINKS: readonly RegExp[] = [
  // [text](target "title"), and images; the text may hold one level of brackets.
  /\[(?:[^[\]]|\[[^[\]]*\])*\]\(\s*<?([^\s()<>]+)>?(?:\s+"[^"]*")?\s*\)/g,
  /^\s*\[[^\]]+\]:\s*(\S+)/g,
  /(?<![:\w-])(?:href|src)="([^"]+)"/g,
  // The front matter of the home pages.
  /^\s*link:\s*"?([^\s"]+)"?\s*$/g,
];

function linksOf(prose: readonly Line[]): Link[] {
  return prose.flatMap((line) => {
    const text = line.text.replaceAll(INLINE_CODE, "code");
    return LINKS.flatMap((pattern) =>
      [...text.matchAll(pattern)].map((match) => ({ target: match[1] ?? "", at: line })),
    );
  });
}

function headingsOf(prose: readonly Line[]): string[] {
  return prose.flatMap(({ text }) => {
    const heading = /^#{1,6}\s+(.+?)\s*#*\s*$/.exec(text)?.[1];
    return heading === undefined ? [] : [plain(heading)];
  });
}

/** A heading as it is read: without the marks of code, links and emphasis. */
function plain(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[`*]/g, "")
    .trim();
}

/** @param file relative to `root`, with forward slashes */
export function readPage(root: string, file: string): Page {
  const { fences, prose } = takeFences(readLines(root, file));
  return { file, fences, links: linksOf(prose), headings: headingsOf(prose) };
}

const DOC_COMMENT = /\/\*\*[\s\S]*?\*\//g;

/** The fences in the docstrings of a source file. */
export function readDocstrings(root: string, file: string): Fence[] {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(DOC_COMMENT)].flatMap((match) => {
    const before = source.slice(0, match.index).split("\n").length;
    const lines = match[0].split("\n").map((text, index): Line => {
      return { text: text.replace(/^\s*(?:\/\*\*|\*\/|\*) ?/, ""), file, number: before + index };
    });
    return takeFences(lines).fences;
  });
}
