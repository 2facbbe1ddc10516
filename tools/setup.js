/** Makes a clone ready to run: installs packages and builds, each only where it is missing or out of date. */
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isStale, root } from "./stale.js";

const run = (command) => execSync(command, { cwd: root, stdio: ["ignore", 2, 2] });

// npm writes this file last, so half an install does not pass for one.
if (!existsSync(join(root, "node_modules/.package-lock.json"))) run("npm ci");
if (isStale()) run("node tools/build.js");
