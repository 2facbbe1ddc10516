import { describe, expect, it } from "vitest";
import { RefusedError } from "../../messages/errors.ts";
import { STANDARD } from "../libraries.ts";
import { runikraftfileSchema } from "./json-schema.ts";
import { compositionOf, parseRunikraftfile } from "./runikraftfile.ts";

const read = (text: string) => parseRunikraftfile(text, "Runikraftfile");

/** What is said of a file. */
function complaint(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError);
    return (error as Error).message;
  }
  return "";
}

describe("a Runikraftfile", () => {
  it("is read with all that it can say", () => {
    const file = read(
      `
program: ./bin/app
args: [run, 2, true, ""]
root: ./root
mounts:
  - { host: ./data, guest: /data, writable: true }
initrd: root.tar
disks: [{ host: d.img }]
environment:
  PORT: 08080
  EMPTY: ""
cwd: /data
memory: 4100K # whole pages
limits: { stack: 1M, instructions: 5000, processes: 50, pipeMemory: 1M }
aslr: false
aslrSeed: 0xffffffffffffffff
libraries: [rkplat, rkprocess: { threads: 12 }, file: ./mine.ts]
`,
    );
    expect(file).toEqual({
      program: "./bin/app",
      args: ["run", "2", "true", ""],
      root: "./root",
      mounts: [{ host: "./data", guest: "/data", writable: true }],
      initrd: "root.tar",
      disks: [{ host: "d.img" }],
      environment: { PORT: "08080", EMPTY: "" },
      cwd: "/data",
      memory: 4100 * 1024,
      limits: { stack: 1 << 20, instructions: 5000, processes: 50, pipeMemory: 1 << 20 },
      aslr: false,
      aslrSeed: "0xffffffffffffffff",
      libraries: ["rkplat", { rkprocess: { threads: 12 } }, { file: "./mine.ts" }],
    });
  });

  it("may be JSON", () => {
    expect(read('{"program": "a", "args": ["x"]}')).toEqual({ program: "a", args: ["x"] });
  });

  it.each([
    ["", "1:1: the file must be names and values, of program, args,"],
    ["args: []\n", "1:1: program is missing"],
    ["program: a\nmemroy: 5M\n", "2:1: there is no memroy; there are program, args,"],
    ["program: a\nmemory: 12Q\n", '2:9: memory is "12Q", must be a size from 4M to 3G, such as 64M'],
    ["program: a\nmemory: 1K\n", '2:9: memory is "1K", must be a size from 4M to 3G'],
    ["program: a\ncwd: data\n", '2:6: cwd is "data", must be a path that starts with /'],
    ["program: a\naslr: maybe\n", '2:7: aslr is "maybe", must be true or false'],
    ["program: a\nargs: x\n", '2:7: args is "x", must be a list'],
    ["program: a\nargs:\n  - [1]\n", '3:5: args[0] is "[1]", must be a text'],
    ["program: a\nmounts:\n  - host: x\n", "3:5: mounts[0].guest is missing"],
    ["program: a\nmounts:\n  - host: x\n    guest: /\n    rw: 1\n", "5:5: there is no mounts[0].rw;"],
    [
      "program: a\nlimits: {processes: 40000}\n",
      '2:21: limits.processes is "40000", must be a whole number from 1 to 32768',
    ],
    ["program: a\nlimits: {prozesse: 4}\n", "2:10: there is no limits.prozesse;"],
    [
      "program: a\nlimits: {instructions: 0}\n",
      '2:24: limits.instructions is "0", must be a whole number from 1',
    ],
    ["program: a\nlibraries: [rkshed]\n", '2:13: libraries[0] is "rkshed", must be one of standard, rkplat,'],
    ["program: a\nlibraries: [{rkplat: {}}]\n", "2:14: rkplat has no options: write its name alone"],
    ["program: a\nlibraries: [{rkprocess: {threads: 0}}]\n", "2:35: libraries[0].rkprocess.threads is"],
    ["program: a\nlibraries: [{file: x, rkprocess: {}}]\n", "2:13: libraries[0] must have one name"],
    ["program: a\nenvironment: {A=B: 1}\n", '2:15: environment: "A=B" cannot be the name of a variable'],
    ["program: a\nprogram: b\n", "2:1: this is no YAML: Map keys must be unique"],
    ["program: [a\n", ": this is no YAML: "],
    ["program: &x a\nargs: [*x]\n", "2:8: anchors and aliases are not used here"],
    ["program:\n", '1:9: program is "", must be a text'],
    ["program: a\n__proto__: 1\n", "2:1: there is no __proto__;"],
    ["program: a\nconstructor: 1\n", "2:1: there is no constructor;"],
  ])("says where %j is wrong, and what is allowed", (text, expected) => {
    const said = complaint(text);
    expect(said).toContain(expected);
    expect(said).toMatch(/^Runikraftfile:\d+:\d+: [^\n]+$/);
  });

  it("does not print what would upset a terminal", () => {
    expect(complaint('program: a\ncwd: "\\e[2J\u009b"\n')).not.toMatch(/\p{Cc}/u);
  });

  it("of hostile YAML ends soon", () => {
    const bomb = `a0: &a0 [x,x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i}]`).join("\n")}`;
    expect(complaint(bomb)).toContain("there is no a0");
    expect(complaint(`program: ${"[".repeat(100_000)}`)).not.toBe("");
    expect(complaint(" ".repeat(2 << 20))).toContain("longer than");
  });
});

describe("the libraries of a Runikraftfile", () => {
  const of = (libraries: string) => compositionOf(read(`program: a\nlibraries: ${libraries}`), "F");

  it("are the standard ones where it says nothing", () => {
    expect(compositionOf(read("program: a"), "F")).toEqual({ linked: STANDARD, files: [] });
  });

  it("are those listed and no others", () => {
    expect(of("[rkplat, rkvm, file: ./a.ts]")).toEqual({
      linked: [
        { name: "rkplat", options: {} },
        { name: "rkvm", options: {} },
      ],
      files: ["./a.ts"],
    });
  });

  it("take the place of standard ones that provide the same", () => {
    const names = of("[standard, rkallocregion]").linked.map(({ name }) => name);
    expect(names).toContain("rkallocregion");
    expect(names).not.toContain("rkallocbuddy");
    const { linked } = of("[standard, rkprocess: {threads: 3}]");
    expect(linked.filter(({ name }) => name === "rkprocess")).toEqual([
      { name: "rkprocess", options: { threads: 3 } },
    ]);
    expect(linked).toHaveLength(STANDARD.length);
  });

  it("are not named twice", () => {
    expect(() => of("[rkplat, rkplat]")).toThrow("F: rkplat is linked twice");
  });
});

describe("the schema", () => {
  const schema = runikraftfileSchema() as Record<string, Record<string, Record<string, unknown>>>;

  it("knows the fields that a file may have, and every library", () => {
    expect(schema).toMatchObject({ required: ["program"], additionalProperties: false });
    expect(Object.keys(schema.properties)).toContain("libraries");
    const text = JSON.stringify(schema.properties.libraries);
    for (const { name } of STANDARD) expect(text).toContain(`"${name}"`);
  });

  it("has patterns that JSON schema takes: of ECMAScript, with no flags", () => {
    const size = JSON.stringify(schema.properties.memory);
    expect(size).toContain("[KMGkmg]");
    expect(
      new RegExp(/"pattern":"([^"]+)"/.exec(size)?.[1].replaceAll("\\\\", "\\") as string).test("64m"),
    ).toBe(true);
  });
});
