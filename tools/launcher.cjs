#!/usr/bin/env node
/**
 * dist/cli.js: starts the command line's bundle with the code that V8 compiled for it when it was built, which saves about
 * a third of a short run. A cache of another Node is refused by V8, and all is compiled as usual. A run by a Runikraftfile
 * loads the modules of the libraries that it links instead, one by one.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

const BUNDLE = join(__dirname, "main.cjs");
const CACHE = join(__dirname, "main.cache");

// Before anything is compiled: code that was compiled with other flags is refused. Newer versions of Node have it anyway.
setFlagsFromString("--experimental-wasm-relaxed-simd");

/** Runs the bundle. Returns its script, whose compiled code `tools/warm.cjs` saves. */
function start() {
  // The bundle, a function, is ASCII: so this is its text, in the form that costs V8 least.
  const script = new Script(readFileSync(BUNDLE, "latin1"), { filename: BUNDLE, cachedData: readCache() });
  script.runInThisContext()(require, __dirname);
  return script;
}

function readCache() {
  try {
    return readFileSync(CACHE);
  } catch {
    return undefined;
  }
}

/** Whether the command line may ask for a Runikraftfile; where it only looks so, nothing but time is lost. */
function isComposed([command, ...args]) {
  return command === "run" && args.some((arg) => /^(-f|--file)/.test(arg));
}

module.exports = { start, CACHE };
if (require.main === module) {
  if (isComposed(process.argv.slice(2))) import("./composed.mjs");
  else start();
}
