import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { file, folder, runikraft } from "./command-line.ts";

/** What `runikraft root` says before it asks apt for anything. test/guests/root.test.ts makes roots. */

const place = () => mkdtempSync(join(folder, "root-"));

/** A root as `root add` leaves it, with two packages. */
function root(): string {
  const path = place();
  for (const name of ["runikraft", "dpkg"]) mkdirSync(join(path, "var/lib", name), { recursive: true });
  writeFileSync(join(path, "var/lib/runikraft/suite"), "trixie\n");
  writeFileSync(
    join(path, "var/lib/dpkg/status"),
    `Package: libc6
Status: install ok installed
Architecture: riscv64
Installed-Size: 5000
Version: 2.41-12
Description: shared libraries
 Version: of the text

Package: bash
Status: install ok installed
Installed-Size: 7
Architecture: riscv64
Version: 5.2
`,
  );
  return path;
}

describe("root list", () => {
  it("lists the packages by name, and what they take", () => {
    expect(runikraft(["root", "list", root()])).toEqual({
      status: 0,
      stdout:
        "package  version  installed size\nbash     5.2      7 KiB\nlibc6    2.41-12  5000 KiB\n2 packages, 5007 KiB\n",
      stderr: "",
    });
  });

  it("as JSON, too", () => {
    expect(JSON.parse(runikraft(["root", "list", "--json", root()]).stdout)).toEqual([
      { package: "bash", version: "5.2", architecture: "riscv64", size: 7168 },
      { package: "libc6", version: "2.41-12", architecture: "riscv64", size: 5_120_000 },
    ]);
  });
});

describe("root add and list refuse", () => {
  const full = place();
  writeFileSync(join(full, "thesis.txt"), "");
  const missing = join(folder, "no-root");
  const refused: [string, readonly string[], number, string][] = [
    ["no action", ["root"], 2, '"runikraft root" needs add | list; see "runikraft root --help"'],
    ["another action", ["root", "drop"], 2, '"runikraft root" has no action "drop" (add, list)'],
    ["no directory", ["root", "add"], 2, '"runikraft root" needs DIR; see'],
    ["no package", ["root", "add", missing], 2, '"runikraft root" needs PACKAGE; see'],
    [
      "an unknown option",
      ["root", "add", "--fast", missing, "bash"],
      2,
      '"runikraft root" has no option --fast',
    ],
    [
      "a package that would go",
      ["root", "add", missing, "bash-"],
      2,
      '"bash-" is no name of a Debian package',
    ],
    ["a package file", ["root", "add", missing, "./x.deb"], 2, '"./x.deb" is no name of a Debian package'],
    [
      "a suite with a space",
      ["root", "add", "--suite", "a b", missing, "bash"],
      2,
      '--suite: "a b" is no name',
    ],
    [
      "a mirror that is none",
      ["root", "add", "--mirror", "x", missing, "bash"],
      2,
      '--mirror: "x" is no http,',
    ],
    ["a directory in use", ["root", "add", full, "bash"], 3, `${full} is not empty, and not a root that`],
    ["the host's own", ["root", "add", "/", "bash"], 3, "/ is not empty, and not a root that"],
    [
      "a file",
      ["root", "add", file("file", ""), "bash"],
      3,
      `cannot write ${join(folder, "file")}: it is, or`,
    ],
    [
      "a listing of nothing",
      ["root", "list", missing],
      3,
      `there is no root in ${missing}; "runikraft root add"`,
    ],
    ["a listing of anything", ["root", "list", full], 3, `${full} is not empty, and not a root that`],
  ];
  for (const [what, args, exit, text] of refused)
    it(`${what}: one line, exit ${exit}`, () => {
      const { status, stdout, stderr } = runikraft(args);
      expect(stderr.startsWith(`runikraft: ${text}`), stderr).toBe(true);
      expect(stderr.trimEnd()).not.toContain("\n");
      expect({ status, stdout }).toEqual({ status: exit, stdout: "" });
      expect(readdirSync(full)).toEqual(["thesis.txt"]);
    });

  it("a machine without apt", () => {
    const cache = place();
    const { status, stderr } = runikraft(["root", "add", "--mirror", "file:///none", missing, "bash"], {
      env: { PATH: "/nonexistent", XDG_CACHE_HOME: cache },
    });
    expect(status).toBe(3);
    // Or without Debian's keys, which are looked at first.
    expect(stderr).toMatch(
      /^runikraft: (fetching .*\nrunikraft: the program apt-get|\/usr\S+) is missing.*\n$/,
    );
    expect(readdirSync(folder)).not.toContain("no-root");
  });
});

it("says in Chinese how to use it, subcommands too", () => {
  const chinese = { env: { RUNIKRAFT_LANG: "zh" } };
  for (const name of ["add", "list"]) {
    const { status, stdout } = runikraft(["root", name, "--help"], chinese);
    expect(stdout).toMatch(/^用法： runikraft root [\s\S]*参数：[\s\S]*选项：[\s\S]*示例：/);
    expect(status).toBe(0);
  }
  expect(runikraft(["root", "list", join(folder, "no-root")], chinese).stderr).toContain("中没有根目录");
});
