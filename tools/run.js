/** Runs a TypeScript file of this repository: `node tools/run.js FILE [ARGUMENTS]`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { root } from "./stale.js";

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node tools/run.js FILE [ARGUMENTS]");
  process.exit(2);
}
// Inside the repository, so that packages left out of the bundle are found.
const folder = mkdtempSync(join(root, "node_modules", ".run-"));
const outfile = join(folder, "main.js");
try {
  const common = { bundle: true, platform: "node", packages: "external" };
  await build({ ...common, entryPoints: [resolve(file)], outfile, format: "esm", sourcemap: "inline" });
  // The JIT looks for it beside what runs.
  const translator = join(root, "src/host/translator-worker.ts");
  await build({
    ...common,
    entryPoints: [translator],
    outfile: join(folder, "translator.cjs"),
    format: "cjs",
  });
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", outfile, ...args], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
