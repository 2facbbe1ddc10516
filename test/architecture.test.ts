import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ARCHITECTURE = readFileSync(new URL("../docs/ARCHITECTURE.md", import.meta.url), "utf8");

/**
 * The house, from the ground up, as docs/ARCHITECTURE.md has it: a part may import itself and the parts named in its
 * row, nothing else.
 */
const HOUSE: Record<string, readonly string[]> = Object.fromEntries(
  [...ARCHITECTURE.matchAll(/^\| `([\w.]+)` \| [^|]* \| ([^|]*)\|$/gm)].map(([, name, below]) => [
    name,
    below
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean),
  ]),
);

const src = fileURLToPath(new URL("../src", import.meta.url));

interface Import {
  readonly file: string;
  readonly target: string;
}

/** Neither tests and what only they use, nor declarations of the platform's types. */
function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.ts$/.test(name) && !/(\.test|-fixture|\.d)\.ts$/.test(name),
  );
}

/** Every static, type and dynamic import and re-export of the sources, tests aside. */
function imports(): Import[] {
  return sourceFiles(src).flatMap((file) => {
    const code = readFileSync(join(src, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\1/g);
    return [...found].map((match) => ({ file, target: match[2] }));
  });
}

const room = (file: string) => file.split("/")[0];
const all = imports();
const list = (wrong: Import[]) => wrong.map(({ file, target }) => `${file} imports ${target}`);

describe("the house", () => {
  it("has a row for every part of src", () => {
    const rooms = new Set(sourceFiles(src).map(room));
    expect(Object.keys(HOUSE).sort()).toEqual([...rooms].sort());
  });

  it("keeps the processor apart from the library OS and the loader", () => {
    for (const part of ["isa", "memory", "cpu", "devices"])
      expect(HOUSE[part].filter((name) => ["kernel", "loader", "machine", "host"].includes(name))).toEqual(
        [],
      );
  });

  it("has no row that leads back up", () => {
    const order = Object.keys(HOUSE);
    for (const [name, below] of Object.entries(HOUSE))
      for (const other of below)
        expect(order.indexOf(other), `${name} -> ${other}`).toBeLessThan(order.indexOf(name));
  });

  it("has no import that points back up", () => {
    const wrong = all.filter(({ file, target }) => {
      if (!target.startsWith(".")) return false;
      const to = room(relative(src, join(src, dirname(file), target)));
      return to !== room(file) && !HOUSE[room(file)].includes(to);
    });
    expect(list(wrong)).toEqual([]);
  });

  it("touches Node only in src/host", () => {
    const wrong = all.filter(({ file, target }) => target.startsWith("node:") && room(file) !== "host");
    expect(list(wrong)).toEqual([]);
  });

  it("uses each package in one place only", () => {
    const places: Record<string, RegExp> = {
      elfinfo: /^loader\/elf\.ts$/,
      commander: /^cli\//,
      vitest: /^testing\//,
      yaml: /^machine\/composition\//,
      esbuild: /^host\//,
      "typed-emitter": /^(machine|kernel|debug)\//,
    };
    const wrong = all.filter(
      ({ file, target }) => !/^(\.|node:)/.test(target) && !(places[target]?.test(file) ?? false),
    );
    expect(list(wrong)).toEqual([]);
  });

  it("writes imports with the .ts ending", () => {
    const wrong = all.filter(({ target }) => target.startsWith(".") && !target.endsWith(".ts"));
    expect(list(wrong)).toEqual([]);
  });
});
