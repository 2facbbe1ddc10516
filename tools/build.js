/**
 * Builds the machine's own firmware, which is part of the bundles; dist/: the bundles, and with `--types` their
 * declarations; then the other images that the project's own assembler can build. `npm ci` runs it without `--types`,
 * which is what makes an install quick.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { librarySizes } from "./library-sizes.js";
import { root, STAMP } from "./stale.js";

process.chdir(root);

/** The modules that are empty in the sources and hold in a bundle what is built from the instruction table. */
const PREBUILT = /cpu\/wasm\/prebuilt\.ts$/;
const LIBRARY_SIZES = /machine\/library-sizes\.ts$/;
const PREBUILT_TABLE = /isa\/prebuilt-table\.ts$/;

/** `elfinfo` is CommonJS and asks for Node's modules through `require`. */
const WITH_REQUIRE = {
  js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
};

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const started = new Date();

const { buildModule, buildDecoder, buildDecodeTable, assemble, linkElf, runikraftfileSchema } =
  await builders();
embedFirmware();
embedVdso();
/** The Wasm modules by the names they have in `prebuilt.ts`. */
const modules = { chain: buildModule("chain"), step: buildModule("step"), decoder: buildDecoder() };
const common = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  // Names are left alone: they are what the stack traces of RUNIKRAFT_DEBUG show.
  legalComments: "eof",
  define: { __VERSION__: JSON.stringify(version) },
  logLevel: "warning",
};

const modular = {
  ...common,
  // `composed` is the command line where a Runikraftfile says what is linked: it shares its modules with the public API,
  // which libraries of a user's own import, and reads no file of a library that is not linked.
  entryPoints: {
    index: "src/index.ts",
    testing: "src/testing/index.ts",
    bench: "bench/main.ts",
    composed: "src/cli/main.ts",
  },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  splitting: true,
  format: "esm",
  banner: WITH_REQUIRE,
  // vitest is there in the project of whoever uses the matchers; esbuild is a program of its own.
  external: ["vitest", "esbuild"],
  metafile: true,
};
const { metafile } = await build({ ...modular, write: false });
const sizes = librarySizes(metafile);
const result = await build({ ...modular, plugins: [decodeTable(), inlineInterpreter(), knownSizes()] });
writeFileSync("dist/runikraftfile.schema.json", `${JSON.stringify(runikraftfileSchema(), undefined, 2)}\n`);
removeOldChunks(Object.keys(result.metafile.outputs));

await buildTranslator();
await buildCommandLine();
assembleFirmware();
rmSync("dist/main.cache", { force: true });
writeFileSync(
  "firmware/dist/warm.elf",
  linkElf(assemble(readFileSync("tools/warm.S", "utf8"), { file: "tools/warm.S" })),
);
execFileSync(process.execPath, ["tools/warm.cjs", "firmware/dist/warm.elf"], { stdio: "ignore" });
if (process.argv.includes("--types"))
  execFileSync(process.execPath, ["tools/types.js", "dist/types"], { stdio: "inherit" });
writeFileSync(STAMP, `${started.toISOString()}\n`);

/** One script behind `launcher.cjs`, a function of what CommonJS gives: only a script can be given V8's code cache. */
async function buildCommandLine() {
  await build({
    ...common,
    plugins: [decodeTable(), interpreterFiles(), knownSizes()],
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/main.cjs",
    format: "cjs",
    banner: { js: "(function(require,__dirname){" },
    footer: { js: "})" },
    external: ["esbuild"],
    // What looks for its own place is only run by the other bundles.
    define: { ...common.define, "import.meta.url": "undefined" },
    // commander could start other programs, and elfinfo open files by name; loading what that takes would cost each start
    // several milliseconds.
    alias: { "node:child_process": "./tools/empty-module.cjs", "fs/promises": "./tools/empty-module.cjs" },
  });
  copyFileSync("tools/launcher.cjs", "dist/cli.js");
  chmodSync("dist/cli.js", 0o755);
  writeFileSync("dist/package.json", '{ "type": "commonjs" }\n');
}

/** The thread that the JIT translates in, which all the bundles look for beside them. */
async function buildTranslator() {
  await build({
    ...common,
    plugins: [decodeTable()],
    entryPoints: ["src/host/translator-worker.ts"],
    outfile: "dist/translator.cjs",
    format: "cjs",
  });
}

/** The functions that make what is built ahead. */
async function builders() {
  const outfile = "dist/builders.mjs";
  const contents = `
    export { buildDecodeTable } from "./src/isa/decode-table.ts";
    export { buildDecoder } from "./src/cpu/wasm/decoder.ts";
    export { buildModule } from "./src/cpu/wasm/interpreter.ts";
    export { assemble } from "./src/isa/assembler/assemble.ts";
    export { linkElf } from "./src/isa/assembler/elf.ts";
    export { runikraftfileSchema } from "./src/machine/composition/json-schema.ts";`;
  await build({
    stdin: { contents, resolveDir: root },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    banner: WITH_REQUIRE,
    plugins: [notBuiltYet()],
  });
  const made = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  return made;
}

/** What the builders themselves are to make is empty while they are bundled: nothing of it is used then. */
function notBuiltYet() {
  const contents = 'export const VDSO_ELF = "", FIRMWARE_ELF = "";';
  return {
    name: "not-built-yet",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /-elf\.ts$/ }, ({ path }) => ({ path, namespace: "not-built-yet" }));
      onLoad({ filter: /.*/, namespace: "not-built-yet" }, () => ({ contents }));
    },
  };
}

/** Puts the decoder's table in place of the empty `prebuilt-table.ts`. */
function decodeTable() {
  const contents = `export const prebuiltDecodeTable = new Int32Array([${buildDecodeTable()}]);`;
  return {
    name: "decode-table",
    setup({ onLoad }) {
      onLoad({ filter: PREBUILT_TABLE }, () => ({ contents }));
    },
  };
}

/** Puts the sizes of the micro-libraries in place of the empty `library-sizes.ts`. */
function knownSizes() {
  const contents = `export const librarySizes = ${JSON.stringify(sizes)};`;
  return {
    name: "library-sizes",
    setup({ onLoad }) {
      onLoad({ filter: LIBRARY_SIZES }, () => ({ contents }));
    },
  };
}

/** Puts the modules, as bytes in the bundle, in place of the empty `prebuilt.ts`: for libraries. */
function inlineInterpreter() {
  const names = Object.keys(modules);
  const imports = names.map((name) => `import ${name} from "interpreter:${name}";`);
  const contents = `${imports.join("\n")}\nexport const prebuilt = { ${names} };`;
  return {
    name: "inline-interpreter",
    setup({ onLoad, onResolve }) {
      onLoad({ filter: PREBUILT }, () => ({ contents }));
      onResolve({ filter: /^interpreter:/ }, ({ path }) => ({ path, namespace: "interpreter" }));
      onLoad({ filter: /./, namespace: "interpreter" }, ({ path }) => ({
        contents: modules[path.slice("interpreter:".length)],
        loader: "binary",
      }));
    },
  };
}

/** The same as files beside the bundle: a command line reads only what it needs. */
function interpreterFiles() {
  for (const [name, bytes] of Object.entries(modules)) writeFileSync(`dist/${name}.wasm`, bytes);
  const getters = Object.keys(modules).map((name) => `get ${name}() { return read("${name}.wasm"); }`);
  const contents = `
    import { readFileSync } from "node:fs";
    import { join } from "node:path";
    const read = (name) => readFileSync(join(__dirname, name));
    export const prebuilt = { ${getters} };`;
  return {
    name: "interpreter-files",
    setup({ onLoad }) {
      onLoad({ filter: PREBUILT }, () => ({ contents }));
    },
  };
}

/** Chunk names carry a hash, so every build leaves the last one's behind. */
function removeOldChunks(outputs) {
  const current = new Set(outputs.map((path) => basename(path)));
  const chunks = "dist/chunks";
  if (!existsSync(chunks)) return;
  for (const name of readdirSync(chunks)) if (!current.has(name)) rmSync(join(chunks, name));
}

/**
 * Assembles the machine's own firmware, the files of firmware/sbi joined, and writes it into a source file: so every
 * bundle, browser's included, and the tests have it without reading files.
 */
function embedFirmware() {
  mkdirSync("firmware/dist", { recursive: true });
  const sources = readdirSync("firmware/sbi").filter((file) => file.endsWith(".S"));
  const text = sources.sort().map((file) => readFileSync(join("firmware/sbi", file), "utf8"));
  const joined = "firmware/dist/sbi.S";
  writeFileSync(joined, text.join("\n"));
  const elf = linkElf(assemble(text.join("\n"), { file: joined }), { base: 0x8000_0000n });
  writeFileSync("firmware/dist/sbi.elf", elf);
  const constant = `export const FIRMWARE_ELF =\n  "${Buffer.from(elf).toString("base64")}";\n`;
  writeFileSync(
    "src/machine/firmware-elf.ts",
    `/** firmware/sbi, assembled by tools/build.js: base64. */\n${constant}`,
  );
}

/** The same of the library that every program has for telling the time (firmware/vdso). */
function embedVdso() {
  const source = "firmware/vdso/vdso.S";
  const elf = linkElf(assemble(readFileSync(source, "utf8"), { file: source }));
  // The file is its own layout: what is wanted is the one segment, whose place in the program header is fixed.
  const [offset, size] = [72, 96].map((field) => Number(Buffer.from(elf).readBigUInt64LE(field)));
  const image = Buffer.from(elf.subarray(offset, offset + size)).toString("base64");
  const constant = `export const VDSO_ELF =\n  "${image}";\n`;
  writeFileSync(
    "src/loader/vdso-elf.ts",
    `/** ${source}, assembled by tools/build.js: base64. */\n${constant}`,
  );
}

function assembleFirmware() {
  mkdirSync("firmware/dist", { recursive: true });
  const assemble = (source, output, ...options) => {
    const args = ["dist/cli.js", "asm", source, "-o", join("firmware/dist", output), ...options];
    execFileSync(process.execPath, args, { stdio: "inherit" });
  };
  const sources = (folder) => readdirSync(folder).filter((file) => file.endsWith(".S"));
  for (const name of sources("firmware")) assemble(join("firmware", name), name.replace(/\.S$/, ".elf"));
  // What runs on a bare machine is linked to where its RAM is.
  for (const name of sources("firmware/bare"))
    assemble(join("firmware/bare", name), `bare-${name.replace(/\.S$/, ".elf")}`, "--base", "0x80000000");
}
