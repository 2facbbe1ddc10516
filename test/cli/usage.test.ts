import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { file, folder, runikraft } from "./command-line.ts";

const commands = readdirSync(fileURLToPath(new URL("../../src/cli/commands", import.meta.url)))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => name.replace(".ts", ""));
const tour = fileURLToPath(new URL("../../firmware/prebuilt/posix-tour.elf", import.meta.url));

describe("help", () => {
  it("lists every command", () => {
    const { status, stdout, stderr } = runikraft(["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  it("is a command, too", () => {
    expect(runikraft(["help"])).toEqual(runikraft(["--help"]));
    expect(runikraft(["help", "run"])).toEqual(runikraft(["run", "--help"]));
    expect(runikraft(["help", "nothing"])).toMatchObject({ status: 2, stdout: "" });
  });

  for (const name of commands)
    it(`of ${name} is complete, with examples, in both languages`, () => {
      const english = runikraft([name, "--help"]);
      expect(english.status).toBe(0);
      expect(english.stdout).toMatch(new RegExp(`^Usage: runikraft ${name} `));
      expect(english.stdout).toMatch(new RegExp(`Examples:\\n(  .*runikraft ${name}.*\\n)+$`));
      const chinese = runikraft([name, "--help"], { env: { RUNIKRAFT_LANG: "zh" } });
      expect(chinese.stdout).toMatch(/^用法：[\s\S]*选项：[\s\S]*示例：/);
      // Every option has a text of its own in both.
      const options = (text: string) =>
        [...text.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1]);
      expect(options(chinese.stdout)).toEqual(options(english.stdout));
      for (const line of chinese.stdout.split("\n").filter((text) => /^ {2}-/.test(text)))
        expect(line).toMatch(/[\u4e00-\u9fff]|JSON/);
    });
});

describe("wrong use", () => {
  const wrong: [string, readonly string[], string][] = [
    ["no command", [], '"runikraft" needs COMMAND; see "runikraft --help"'],
    ["an unknown command", ["fly"], 'there is no command "fly" (commands: run, boot, info,'],
    ["an unknown option", ["disasm", "--wings", "x"], '"runikraft disasm" has no option --wings; see'],
    ["a missing argument", ["disasm"], '"runikraft disasm" needs ELF'],
    ["too many arguments", ["info", "a", "b"], '"runikraft info" was given too many arguments'],
    ["a missing option", ["asm", "x.S"], '"runikraft asm" needs the option -o, --output <OUT.elf>'],
    ["a missing value", ["asm", "x.S", "-o"], "-o, --output <OUT.elf> needs a value"],
    ["a size that is none", ["boot", "-m", "64X"], '-m: "64X" is not a size (a whole number of bytes, or'],
    ["a size too small", ["boot", "-m", "4K"], "-m: 4K is outside 1M to 3G"],
    [
      "a count that is none",
      ["boot", "--max-instructions", "0"],
      '--max-instructions: "0" is not a positive',
    ],
    ["a seed that is none", ["run", "--aslr-seed", "x", "y"], '--aslr-seed: "x" is not a seed'],
    ["a mount without a guest path", ["run", "--mount", "x", "y"], '--mount: "x" is not HOST:GUEST'],
    ["a variable without a value", ["step", "--env", "x", "y"], '--env: "x" is not NAME=VALUE'],
  ];
  for (const [what, args, text] of wrong)
    it(`${what}: one line, exit 2`, () => {
      const { status, stdout, stderr } = runikraft(args);
      expect(stderr.startsWith(`runikraft: ${text}`), stderr).toBe(true);
      expect(stderr.trimEnd()).not.toContain("\n");
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    });

  it("speaks Chinese when asked", () => {
    const { stderr } = runikraft(["fly"], { env: { RUNIKRAFT_LANG: "zh" } });
    expect(stderr).toMatch(/^runikraft: 没有命令“fly”/);
  });
});

describe("refusals", () => {
  const missing = join(folder, "missing");
  const refused: [string, readonly string[], string][] = [
    ["a missing file", ["info", missing], `cannot read ${missing}: no such file or directory`],
    [
      "a file as the root",
      ["run", "--root", file("plain", ""), tour],
      `cannot read ${join(folder, "plain")}: it is, or leads through, something that is no directory`,
    ],
    ["a device", ["run", "/dev/zero"], "cannot read /dev/zero: it is a device"],
    ["a folder", ["disasm", folder], `cannot read ${folder}: it is a directory`],
    [
      "an output that cannot be written",
      ["asm", file("ok.S", "nop\n"), "-o", join(missing, "x")],
      "cannot write ",
    ],
    ["a file that is no ELF", ["disasm", file("text", "hello, this is no ELF file\n".repeat(9))], ""],
    ["assembly with an error", ["asm", file("bad.S", "nop\n  addi a0, a1\n"), "-o", join(folder, "x")], ""],
  ];
  for (const [what, args, text] of refused)
    it(`${what}: exit 3`, () => {
      const { status, stdout, stderr } = runikraft(args);
      expect(stderr.startsWith(`runikraft: ${text}`), stderr).toBe(true);
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    });

  it("what the assembler writes may be executed", () => {
    const output = join(folder, "executable.elf");
    expect(runikraft(["asm", file("executable.S", "nop\n"), "-o", output]).status).toBe(0);
    expect(() => accessSync(output, constants.X_OK)).not.toThrow();
  });

  it("an assembly error names the line and the column", () => {
    const source = file("place.S", "nop\n  frobnicate a0, a1\n");
    expect(runikraft(["asm", source, "-o", join(folder, "x")]).stderr).toContain(`${source}:2:3: `);
  });
});

describe("a reader that leaves", () => {
  it("ends us quietly", () => {
    const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", `"${process.execPath}" "${cli}" disasm "${tour}" | head -n 3 | wc -l`],
      {
        encoding: "utf8",
      },
    );
    expect(stdout.trim()).toBe("3");
    expect(stderr).toBe("");
  });
});
