import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runikraftfileSchema } from "../../src/machine/composition/json-schema.ts";
import { STANDARD } from "../../src/machine/libraries.ts";
import { assembled, cli, file, folder, runikraft } from "./command-line.ts";

/** Runs by a Runikraftfile, with the built command line. */

const root = fileURLToPath(new URL("../..", import.meta.url));
const chunks = join(root, "dist/chunks");

/** Exits with what clock_gettime returned, negated. */
const CLOCK = assembled(
  "composed-clock",
  ".globl _start\n_start: addi sp, sp, -16\nli a0, 1\nmv a1, sp\nli a7, 113\necall\nneg a0, a0\nli a7, 93\necall\n",
);
const names = STANDARD.map(({ name }) => name);
const ENOSYS = 38;

function runikraftfile(libraries: readonly string[], more = ""): string {
  return file(
    "Runikraftfile",
    `program: ${CLOCK}\n${more}libraries:\n${libraries.map((one) => `  - ${one}\n`).join("")}`,
  );
}

/** The chunks that hold the code of posix-time. */
function chunksOfPosixTime(): string[] {
  return readdirSync(chunks).filter((name) =>
    /\b(full|partial)\("clock_gettime"/.test(readFileSync(join(chunks, name), "utf8")),
  );
}

/** Scripts that a run has loaded, as V8 counts them. */
function loadedBy(path: string): string[] {
  const coverage = mkdtempSync(join(tmpdir(), "runikraft-coverage-"));
  spawnSync(process.execPath, [cli, "run", "-f", path], {
    env: { ...process.env, NODE_V8_COVERAGE: coverage },
  });
  return readdirSync(coverage).flatMap((name) =>
    JSON.parse(readFileSync(join(coverage, name), "utf8")).result.map(({ url }: { url: string }) => url),
  );
}

describe("only what is linked exists", () => {
  it("a call of a library that is not linked is ENOSYS, and its code is not loaded", () => {
    expect(runikraft(["run", "-f", runikraftfile(names)]).status).toBe(0);
    const [chunk, ...others] = chunksOfPosixTime();
    expect(others).toEqual([]);
    const isLoaded = (url: string) => url.endsWith(`/${chunk}`);
    expect(loadedBy(runikraftfile(names)).some(isLoaded)).toBe(true);

    const without = runikraftfile(names.filter((name) => name !== "posix-time"));
    const { status, stderr } = runikraft(["run", "-f", without, "--verbose"]);
    expect({ status, stderr }).toEqual({
      status: ENOSYS,
      stderr: "runikraft: system call clock_gettime is not supported (ENOSYS)\n",
    });
    expect(loadedBy(without).some(isLoaded)).toBe(false);
  });

  it("the banner and --stats say what each library costs", () => {
    const { stderr } = runikraft(["run", "--banner", "--stats", CLOCK]);
    for (const name of names)
      expect(stderr.match(new RegExp(`^ +${name} +\\d+\\.\\dK +\\d+\\.\\d\\d ms`, "gm"))).toHaveLength(2);
    const { libraries } = JSON.parse(runikraft(["run", "--stats", "--json", CLOCK]).stderr);
    expect(libraries.map(({ name }: { name: string }) => name).sort()).toEqual([...names].sort());
    for (const { bytes, milliseconds } of libraries) {
      expect(bytes).toBeTypeOf("number");
      expect(milliseconds).toBeGreaterThanOrEqual(0);
    }
    const sum = libraries.reduce((total: number, { bytes }: { bytes: number }) => total + bytes, 0);
    expect(sum).toBeGreaterThan(100_000);
  });
});

describe("a Runikraftfile", () => {
  it("names what is run, and the command line goes before it", () => {
    const shown = assembled(
      "composed-args",
      // Writes the last argument, which ends the block of arguments: "last" of five bytes with its zero.
      ".globl _start\n_start: ld a0, 0(sp)\nslli a0, a0, 3\nadd a0, a0, sp\nld a1, 0(a0)\nli a0, 1\nli a2, 4\nli a7, 64\necall\nli a0, 0\nli a7, 93\necall\n",
    );
    const path = file("Args", `program: ${shown}\nargs: [some, last]\nlimits: {instructions: 1000}\n`);
    expect(runikraft(["run", "-f", path])).toEqual({ status: 0, stdout: "last", stderr: "" });
    expect(runikraft(["run", "-f", path, "mine"]).stdout).toBe("mine");
    expect(runikraft(["run", "-f", path, "--max-instructions", "3"]).status).toBe(124);
  });

  it("that is wrong is refused in one line with the place, before anything runs", () => {
    const path = file("Wrong", "program: x\nmemory: lots\n");
    expect(runikraft(["run", "-f", path])).toEqual({
      status: 3,
      stdout: "",
      stderr: `runikraft: ${path}:2:9: memory is "lots", must be a size from 4M to 3G, such as 64M\n`,
    });
    expect(runikraft(["run", "-f", join(folder, "none")]).status).toBe(3);
    expect(runikraft(["run"])).toMatchObject({ status: 2, stdout: "" });
  });

  it("that scan prints, runs", () => {
    const printed = runikraft(["scan", "--runikraftfile", CLOCK]).stdout;
    expect(printed).toContain("  - posix-time\n");
    expect(printed).not.toContain("  - posix-socket\n");
    expect(runikraft(["run", "-f", file("Scanned", printed)])).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("has the published schema", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const published = readFileSync(join(root, exports["./runikraftfile.schema.json"]), "utf8");
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(runikraftfileSchema())));
  });
});

describe("a library of one's own", () => {
  it("takes the place of a built-in one: the example", () => {
    const { status, stdout, stderr } = runikraft([
      "run",
      "-f",
      join(root, "firmware/composition"),
      "--banner",
    ]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("Hello") });
    expect(stderr).toMatch(/^ +rkschedlifo +\d+\.\dK +\d+\.\d\d ms +scheduler: last come, first served$/m);
    expect(stderr).not.toMatch(/^ +rksched(fair|coop|preem) /m);
  });

  it.each([
    ["const x: = 1;", /mine\.ts:1:\d+: /],
    ["export default 5;", /mine\.ts: its default export is no micro-library/],
    ['throw new Error("on purpose");', /mine\.ts: on purpose/],
    ['import { nothing } from "runikraft"; export default nothing;', /mine\.ts: .*nothing/],
    ['import "./absent.ts";', /mine\.ts:1:\d+: Could not resolve/],
  ])("is refused in one line where it is %j", (code, expected) => {
    file("mine.ts", code);
    const { status, stderr } = runikraft(["run", "-f", runikraftfile(["standard", "file: ./mine.ts"])]);
    expect(status).toBe(3);
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd()).not.toContain("\n");
  });
});
