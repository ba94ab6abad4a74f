import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "es2023",
  dts: true,
  clean: true,
  sourcemap: true,
  // The default rewrites `node:crypto` to `crypto`, which is not an alias on every runtime.
  removeNodeProtocol: false,
});
