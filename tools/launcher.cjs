#!/usr/bin/env node
/**
 * dist/cli.js: starts the command line's bundle with the code that V8 compiled for it when it was built, which saves
 * about a third of a short run. A cache of another Node is refused by V8, and all is compiled as usual.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");

const BUNDLE = join(__dirname, "main.cjs");
const CACHE = join(__dirname, "main.cache");

/** Runs the bundle. Returns its script, whose compiled code `tools/warm.cjs` saves. */
function start() {
  // The bundle is ASCII, so this is its text, in the form that costs V8 least.
  const source = `(function(require,__dirname){${readFileSync(BUNDLE, "latin1")}\n})`;
  const script = new Script(source, { filename: BUNDLE, cachedData: readCache() });
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

module.exports = { start, CACHE };
if (require.main === module) start();
