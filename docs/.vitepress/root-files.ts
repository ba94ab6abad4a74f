/** Makes the links of files in the repository's root work where a page of the site includes them. */
import type { MarkdownRenderer } from "vitepress";

/** Pages that include such a file, and the page that each of these files has become. */
const PAGES: Readonly<Record<string, string>> = {
  "ARCHITECTURE.md": "./architecture.md",
  "CONTRIBUTING.md": "./contributing.md",
  "SECURITY.md": "./security-policy.md",
};

const INCLUDING: ReadonlySet<string> = new Set(
  Object.values(PAGES).map((page) => page.replace("./", "")),
);

function rebased(target: string): string {
  if (target.startsWith("docs/public/")) return target.replace("docs/public", "");
  if (target.startsWith("docs/")) return target.replace("docs/", "./");
  const [file = "", ...rest] = target.replace(/^\.\//, "").split("#");
  const page = PAGES[file];
  return page === undefined ? target : [page, ...rest].join("#");
}

export function rebaseRootLinks(md: MarkdownRenderer): void {
  md.core.ruler.push("rebase-root-links", (state) => {
    const { relativePath }: { relativePath?: string } = state.env;
    if (relativePath === undefined || !INCLUDING.has(relativePath)) return;
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      for (const name of ["href", "src"]) {
        const target = token.attrGet(name);
        if (target !== null) token.attrSet(name, rebased(target));
      }
    }
  });
}
