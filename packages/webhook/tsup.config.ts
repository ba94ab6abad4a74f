import { defineConfig } from "tsup";

export default defineConfig({
  // The manager is no export: as an entry, the sender gets a chunk of its own. Bundlers keep the builtins that a file
  // imports even if they drop its code, so in one file a receiver for the edge would ask for node:net.
  entry: [
    "src/index.ts",
    "src/store/sqlite/index.ts",
    "src/testing/index.ts",
    "src/outbound/manager.ts",
  ],
  format: ["esm"],
  target: "es2023",
  dts: { entry: ["src/index.ts", "src/store/sqlite/index.ts", "src/testing/index.ts"] },
  clean: true,
  sourcemap: true,
  // The default rewrites `node:crypto` to `crypto`, which is not an alias on every runtime.
  removeNodeProtocol: false,
});
