/** Saves what V8 compiles while the command line runs a small program that has a folder of the host: see `launcher.cjs`. */
const { writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");

const { start, CACHE } = require(resolve("dist/cli.js"));
process.argv = [process.execPath, join("dist", "cli.js"), "run", "--mount", "firmware:/mnt", process.argv[2]];
const script = start();
process.on("exit", () => writeFileSync(CACHE, script.createCachedData()));
