import { spawnSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { application, applications } from "./applications.ts";
import { runikraft, temporaryFolder } from "./toolchain.ts";

/** Roots of Debian packages, with the real apt and the real mirror. */

const folder = temporaryFolder();
const root = join(folder, "root");
const names = (path: string): string[] =>
  JSON.parse(runikraft(["root", "list", "--json", path]).stdout).map(
    (one: { package: string }) => one.package,
  );
/** Files that are not as their packages have them, except configuration. */
const changed = (path: string) =>
  spawnSync("dpkg", [`--root=${path}`, "--verify"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line !== "" && !/^\S+ c /.test(line));

describe("root add", () => {
  it("adds packages with what they depend on, and programs run from there", () => {
    const { status, stderr } = runikraft(["root", "add", root, "dash"]);
    expect(stderr).toMatch(/added \d+ packages to .*\n$/);
    expect(status).toBe(0);
    expect(names(root)).toEqual(expect.arrayContaining(["base-files", "dash", "libc6"]));
    const script = "read -r first </etc/passwd; echo $first; echo $0";
    expect(runikraft(["run", "--root", root, "/bin/sh", "-c", script])).toMatchObject({
      stdout: "root:*:0:0:root:/root:/bin/bash\n/bin/sh\n",
      status: 0,
    });
    expect(changed(root)).toEqual([]);
  });

  it("adds more to what is there, and then nothing", () => {
    expect(readlinkSync(join(root, "etc/alternatives/awk"))).toBe("/usr/bin/mawk");
    const before = names(root);
    const { stderr } = runikraft(["root", "add", root, "gawk"]);
    const after = names(root);
    expect(stderr).toContain(`added ${after.length - before.length} packages`);
    expect(after).toEqual(expect.arrayContaining([...before, "gawk"]));
    expect(readlinkSync(join(root, "etc/alternatives/awk"))).toBe("/usr/bin/gawk");
    const again = runikraft(["root", "add", root, "gawk", "dash"]);
    expect(again.stderr).toMatch(/all of that is in .* already\n$/);
    expect(again.status).toBe(0);
    expect(names(root)).toEqual(after);
  });

  it("says which package there is not, and makes nothing", () => {
    const place = join(folder, "nothing");
    const { status, stderr } = runikraft(["root", "add", place, "bash", "no-such-package"]);
    expect(stderr).toMatch(/runikraft: trixie has no package no-such-package for riscv64\n$/);
    expect(status).toBe(3);
    expect(existsSync(place)).toBe(false);
  });

  it("takes a name for what it is, and not for a pattern", () => {
    const { stderr } = runikraft(["root", "add", join(folder, "nothing"), "lib.c6"]);
    expect(stderr).toMatch(/trixie has no package lib\.c6 for riscv64\n$/);
  });

  it("says who provides what is only a name", () => {
    const { stderr } = runikraft(["root", "add", join(folder, "nothing"), "awk"]);
    expect(stderr).toMatch(/no package awk for riscv64; these stand in for it: .*\bmawk\b.*\n$/);
  });

  it("says which packages do not go together", () => {
    const conflict = runikraft(["root", "add", join(folder, "conflict"), "busybox", "busybox-static"]);
    expect(conflict.stderr).toMatch(/do not go together: .*\n.*busybox : Conflicts: busybox-static/);
    expect(conflict.status).toBe(3);
  });
});

describe("the root of the applications", () => {
  it("has every file as its package has it", () => {
    expect(changed(applications)).toEqual([]);
  });

  it("has a shell, users, and the alternatives that the packages register", () => {
    const script = "readlink -f /bin/awk /usr/bin/vi /usr/bin/cc /usr/bin/lua; id -un";
    expect(application(["/bin/sh", "-c", script])).toMatchObject({
      stdout: "/usr/bin/gawk\n/usr/bin/vim.basic\n/usr/bin/riscv64-linux-gnu-gcc-14\n/usr/bin/lua5.4\nroot\n",
      status: 0,
    });
  });

  it("is consistent for dpkg: every package is installed", () => {
    const admin = join(applications, "var/lib/dpkg");
    const { stdout } = spawnSync("dpkg-query", [`--admindir=${admin}`, "--list"], { encoding: "utf8" });
    const states = stdout
      .split("\n")
      .flatMap((line) => /^(\w[^ ]*) .* (?:riscv64|all) /.exec(line)?.[1] ?? []);
    expect(states.length).toBe(names(applications).length);
    expect(new Set(states)).toEqual(new Set(["ii"]));
  });
});
