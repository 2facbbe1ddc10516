import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applications } from "./applications.ts";
import { jitOptions, root, temporaryFolder } from "./toolchain.ts";

/** The commands of docs/APPLICATIONS.md that run one application and end by themselves, as they stand there. */

const page = readFileSync(join(root, "docs/APPLICATIONS.md"), "utf8");
const [, section] = page.split("\n## Run\n");
const commands = [...section.split("\n## ")[0].matchAll(/^runikraft run .*$/gm)].map(([line]) => line);

/** What one says, where that does not change with the version. */
const SAYS: readonly (readonly [RegExp, string | RegExp])[] = [
  [/bash -c/, "1\n2\n3\nsubstituted\n"],
  [/dash -c/, "one\none0\none1\none2\none3\none4\none5\none6\none7\none8\none9\n"],
  [/busybox|gawk/, "42\n"],
  [/bin\/node /, "riscv64\n"],
  [/jq/, "3\n"],
  [/\| bc/, "1267650600228229401496703205376\n"],
  [/sqlite3/, "1\n"],
  [/make/, "made\n"],
  [/git/, /^commit [0-9a-f]{40}\nAuthor: a <a>\n[\s\S]* first\n/],
  [/openssl req/, /^-----BEGIN CERTIFICATE-----\n/m],
  [/-m test/, /Result: SUCCESS/],
];

const folder = temporaryFolder();
symlinkSync(applications, join(folder, "rootfs"));

describe("docs/APPLICATIONS.md", () => {
  it("has a command for every kind", () => {
    expect(commands.length).toBeGreaterThan(20);
    for (const [pattern] of SAYS) expect(commands.filter((line) => pattern.test(line))).not.toEqual([]);
  });

  for (const command of commands)
    it(command.replace("runikraft run --root ./rootfs ", ""), () => {
      const given = command.replaceAll("runikraft run", ["runikraft run", ...jitOptions].join(" "));
      const script = `runikraft() { "${process.execPath}" "${join(root, "dist/cli.js")}" "$@"; }\n${given}\n`;
      const { status, stdout, stderr } = spawnSync("sh", ["-c", script], {
        cwd: folder,
        encoding: "utf8",
        input: "",
        timeout: 300_000,
      });
      expect(status, stderr).toBe(0);
      const [, says] = SAYS.find(([pattern]) => pattern.test(command)) ?? [];
      if (typeof says === "string") expect(stdout).toBe(says);
      else if (says) expect(stdout).toMatch(says);
    });
});
