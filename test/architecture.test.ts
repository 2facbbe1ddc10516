import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/**
 * The house, top to bottom: a part may import itself and the parts named in its row, nothing else.
 * docs/ARCHITECTURE.md draws the same picture.
 */
const HOUSE: Record<string, readonly string[]> = {
  messages: [],
  isa: ["messages"],
  memory: ["messages"],
  cpu: ["messages", "isa", "memory"],
  devices: ["messages", "memory", "cpu"],
  loader: ["messages", "memory", "cpu"],
  net: ["messages"],
  kernel: ["messages", "memory", "cpu", "net"],
  machine: ["messages", "isa", "memory", "cpu", "devices", "loader", "net", "kernel"],
  debug: ["messages", "isa", "memory", "cpu", "devices", "loader", "kernel", "machine"],
  testing: ["messages", "isa", "memory", "cpu", "devices", "loader", "kernel", "machine", "debug"],
  host: ["messages", "memory", "devices", "kernel", "machine"],
  cli: ["messages", "isa", "memory", "cpu", "devices", "loader", "net", "kernel", "machine", "debug", "host"],
  "index.ts": [
    "messages",
    "isa",
    "memory",
    "cpu",
    "devices",
    "loader",
    "net",
    "kernel",
    "machine",
    "debug",
    "host",
  ],
};

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
  it("has a row for every folder of src", () => {
    const rooms = new Set(sourceFiles(src).map(room));
    expect([...rooms].filter((name) => !(name in HOUSE))).toEqual([]);
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
