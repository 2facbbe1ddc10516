/** Writes the declarations of the library into the folder that is named. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "./stale.js";

const folder = resolve(process.argv[2]);
rmSync(folder, { recursive: true, force: true });
const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", folder], {
  stdio: "inherit",
});
// As a module it means the same `vitest` as the tests that use it, so that its matchers become known there. The others
// stay scripts like the folder above them: `typed-emitter` has its type as the default export of a script.
writeFileSync(join(folder, "testing/package.json"), '{ "type": "module" }\n');
