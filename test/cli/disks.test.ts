import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ext2Filesystem } from "../../src/kernel/ext2/filesystem.ts";
import { makeImage } from "../../src/kernel/ext2/image-fixture.ts";
import { RamDisk } from "../../src/kernel/rkblkdev/ram-disk.ts";
import { Tree } from "../../src/kernel/vfs/tree-fixture.ts";
import { assembled, file, folder, runikraft } from "./command-line.ts";

/** Makes /disk/f and ends with 1 where that cannot be. */
const maker = () =>
  assembled(
    "make-on-disk",
    `.option pic
    .text
    .globl _start
_start: li a0, -100
    la a1, path
    li a2, 0101
    li a3, 0644
    li a7, 56
    ecall
    srli a0, a0, 63
    li a7, 94
    ecall
    .section .rodata
path: .asciz "/disk/f"
`,
  );

function namesOn(path: string): string[] {
  const disk = new RamDisk(new Uint8Array(readFileSync(path)));
  return new Tree(new Ext2Filesystem(disk, { readOnly: true, now: () => 0n, after: () => {} })).list("/");
}

describe("a disk image in place of a directory", () => {
  it("is written only where that was asked for", () => {
    const disk = file("disk.img", makeImage());
    expect(runikraft(["run", "--mount", `${disk}:/disk`, maker()])).toMatchObject({ status: 1, stderr: "" });
    expect(namesOn(disk)).toEqual([]);
    expect(runikraft(["run", "--mount", `${disk}:/disk:rw`, maker()])).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(namesOn(disk)).toEqual(["f"]);
  });

  it("is left alone by step, which runs a program again and again", () => {
    const disk = file("stepped.img", makeImage());
    const { status, stdout } = runikraft(["step", "--mount", `${disk}:/disk:rw`, maker()], { input: "c\n" });
    expect(status).toBe(0);
    expect(stdout).toContain("1");
    expect(namesOn(disk)).toEqual([]);
  });

  it("is refused in a line where it is none", () => {
    const refusal = (path: string) => {
      const { status, stderr } = runikraft(["run", "--mount", `${path}:/disk`, maker()]);
      expect(status).toBe(3);
      return stderr;
    };
    expect(refusal(file("zeros", new Uint8Array(4096)))).toMatch(
      /^runikraft: cannot mount on \/disk: disk vda: it holds no ext2 file system .*\n$/,
    );
    expect(refusal(file("empty", ""))).toBe(
      `runikraft: cannot use ${join(folder, "empty")} as a disk: it is empty\n`,
    );
    expect(refusal(file("qcow2", "QFI\xfb and so on"))).toMatch(/^runikraft: .*\n$/);
    expect(refusal(join(folder, "nothing"))).toMatch(/^runikraft: .*nothing.*\n$/);
  });
});
