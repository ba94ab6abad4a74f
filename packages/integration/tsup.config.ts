import { defineConfig } from "tsup";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/client/index.ts",
    "src/email/index.ts",
    "src/email/sqlite/index.ts",
    "src/mapping/index.ts",
    "src/payments/index.ts",
    "src/payments/sqlite/index.ts",
    "src/testing/index.ts",
  ],
  format: ["esm"],
  target: "es2023",
  dts: true,
  clean: true,
  sourcemap: true,
  // The default rewrites `node:crypto` to `crypto`, which is not an alias on every runtime.
  removeNodeProtocol: false,
});
