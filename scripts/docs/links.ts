/** Checks that what a page links to inside the repository is there, with its anchor. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Link, Page } from "./markdown.ts";

/** The site, whose root an absolute path of its pages stands for. */
const SITE = "docs";
/** Made from the docstrings when the site is built, which checks them. */
const GENERATED = /^\/api\//;

/** As the forge that shows the repository makes it. */
function forgeSlug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, "")
    .replaceAll(" ", "-");
}

/** As the site makes it. */
function siteSlug(heading: string): string {
  return heading
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .replaceAll(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .replace(/^(\d)/, "_$1")
    .toLowerCase();
}

/** The anchors of a page: a heading that is there twice gets a number. */
function anchorsOf(headings: readonly string[], slugOf: (heading: string) => string): Set<string> {
  const anchors = new Set<string>();
  for (const heading of headings) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number += 1) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Where a link leads, relative to the repository. */
function destinationOf(file: string, path: string): string {
  if (path === "") return file;
  if (!path.startsWith("/")) return normalize(join(dirname(file), path)).replaceAll("\\", "/");
  return file.startsWith(`${SITE}/`) ? `${SITE}${path}` : path.slice(1);
}

/** The file that answers for a path: a page may go by its name alone, a picture lies in `public`; the forge lists folders. */
function fileOf(root: string, path: string): string | undefined {
  const isSite = path.startsWith(`${SITE}/`);
  const candidates = [path, `${path}.md`, join(path, "index.md"), join(path, "README.md")];
  if (isSite) candidates.push(`${SITE}/public/${path.slice(SITE.length + 1)}`);
  const found = candidates
    .map((candidate) => candidate.replaceAll("\\", "/"))
    .find((each) => existsSync(join(root, each)) && statSync(join(root, each)).isFile());
  return found ?? (!isSite && existsSync(join(root, path)) ? path : undefined);
}

/** @returns one `file:line: message` per link that leads nowhere */
export function checkLinks(root: string, pages: readonly Page[]): string[] {
  const anchors = new Map(
    pages.map(({ file, headings }) => [
      file,
      { forge: anchorsOf(headings, forgeSlug), site: anchorsOf(headings, siteSlug) },
    ]),
  );
  const faultOf = (page: Page, { target, at }: Link): string | undefined => {
    if (/^[a-z][a-z+.-]*:/i.test(target) || target.startsWith("//")) return undefined;
    if (page.file.startsWith(`${SITE}/`) && GENERATED.test(target)) return undefined;
    const [path = "", anchor] = decodeURI(target).split("#");
    // A part's links are those of its page; those of a file outside are rebased when the site includes it.
    const base = at.file.startsWith(`${SITE}/`) ? page.file : at.file;
    const file = fileOf(root, destinationOf(base, path));
    if (file === undefined) return `the link ${target} leads to no file`;
    if (base.startsWith(`${SITE}/`) && !file.startsWith(`${SITE}/`)) {
      return `the link ${target} leads out of the site`;
    }
    if (anchor === undefined || anchor === "") return undefined;
    const known = anchors.get(file);
    if (!known) return `the link ${target} has an anchor, and ${file} is no page`;
    if (known.forge.has(anchor) && known.site.has(anchor)) return undefined;
    const places = known.forge.has(anchor) ? "the site" : known.site.has(anchor) ? "the forge" : "";
    return places === ""
      ? `${file} has no heading for #${anchor}`
      : `${places} makes another anchor than #${anchor} of that heading: use plainer words`;
  };
  return pages.flatMap((page) =>
    page.links.flatMap((link) => {
      const fault = faultOf(page, link);
      return fault === undefined ? [] : [`${link.at.file}:${link.at.number}: ${fault}`];
    }),
  );
}
