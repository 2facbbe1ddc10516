import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { checkDisk, makeDisk } from "./ext2/disk.ts";
import { compileStatic, root, runikraft, temporaryFolder } from "./toolchain.ts";

/** File system calls return what they return under qemu-riscv64, errors included, on every kind of filesystem. */

const folder = temporaryFolder();
const program = join(folder, "file-calls");

/** What the program prints under QEMU, in a directory of its own. */
function expected(...sections: string[]): string {
  const result = spawnSync("qemu-riscv64", [program, ...sections], {
    cwd: temporaryFolder(),
    encoding: "utf8",
  });
  expect(result.status).toBe(0);
  return result.stdout;
}

function actual(options: readonly string[], ...sections: string[]): string {
  const result = runikraft(["run", ...options, program, ...sections]);
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  return result.stdout;
}

beforeAll(() => {
  compileStatic(join(root, "test/guests/files/file-calls.c"), program, "-w");
});

describe("file system calls", () => {
  it("in memory", () => {
    expect(actual([])).toBe(expected());
  });

  it("over a read-only base, which stays as it is", () => {
    const base = temporaryFolder();
    mkdirSync(join(base, "work"));
    expect(actual(["--root", base, "--cwd", "/work"])).toBe(expected());
    expect(readdirSync(base)).toEqual(["work"]);
    expect(readdirSync(join(base, "work"))).toEqual([]);
  });

  it("on an ext2 disk", () => {
    const disk = makeDisk(join(temporaryFolder(), "disk.img"), "64M");
    expect(actual(["--mount", `${disk}:/disk:rw`, "--cwd", "/disk"])).toBe(expected());
    checkDisk(disk);
  });

  it("in a directory of the host, but what is not to reach it", () => {
    // Node exchanges no names; fifos and set-id bits are kept from the host.
    const left = new Set(["exchange", "set_id", "fifos"]);
    const sections = [...expected().matchAll(/^-- (\w+)$/gm)].map(([, name]) => name);
    const wanted = sections.filter((name) => !left.has(name));
    const host = temporaryFolder();
    expect(actual(["--mount", `${host}:/host:rw`, "--cwd", "/host"], ...wanted)).toBe(expected(...wanted));
    expect(readdirSync(join(host, "t")).sort()).toEqual([...wanted].sort());
  });
});
