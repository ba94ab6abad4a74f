/**
 * Writes the API reference into `docs/api`, from the docstrings of everything that the packages export. The entry points
 * are those that `tsconfig.base.json` maps, so a new one needs no change here.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TypeDocOptions } from "typedoc";
import { Application, Converter, ReflectionKind } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";

const root = resolve(import.meta.dirname, "..");
const out = join(root, "docs/api");

interface BaseConfig {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
}

const config = JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8")) as BaseConfig;
const entries = Object.entries(config.compilerOptions.paths)
  .map(([name, [path = ""]]) => ({ name, path: path.replace("./", "") }))
  .filter(({ path }) => existsSync(join(root, path)));
/** What is imported, by what TypeDoc calls it: the path below the folder that all entries share. */
const names = new Map(
  entries.map(({ name, path }) => [path.replace("packages/", "").replace("/index.ts", ""), name]),
);

const options: TypeDocOptions & Partial<PluginOptions> & { docsRoot: string } = {
  plugin: ["typedoc-plugin-markdown", "typedoc-vitepress-theme"],
  entryPoints: entries.map(({ path }) => join(root, path)),
  tsconfig: join(root, "tsconfig.json"),
  // The types are checked elsewhere, and half-written tests must not keep the reference from being built.
  skipErrorChecking: true,
  out,
  docsRoot: join(root, "docs"),
  readme: "none",
  name: "API",
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  hidePageHeader: true,
  hideBreadcrumbs: false,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "list",
  enumMembersFormat: "table",
  typeDeclarationFormat: "table",
  indexFormat: "table",
  groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables"],
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  logLevel: "Warn",
};

rmSync(out, { recursive: true, force: true });
const app = await Application.bootstrapWithPlugins(options);
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    module.name = names.get(module.name) ?? module.name;
  }
});
const project = await app.convert();
if (!project) process.exit(1);
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exit(1);
