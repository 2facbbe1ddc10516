import { expect, test } from "vitest";
import type { ImmediateDisk } from "../devices/disk.ts";
import { Ext2Filesystem } from "../kernel/ext2/filesystem.ts";
import { makeImage } from "../kernel/ext2/image-fixture.ts";
import { RamDisk } from "../kernel/rkblkdev/ram-disk.ts";
import { Tree } from "../kernel/vfs/tree-fixture.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { RefusedError } from "../messages/errors.ts";
import { guest } from "./hosted-fixture.ts";

/** Writes "kept" to /disk/f and ends. */
const WRITER = `
_start:
  li a0, -100
  la a1, path
  li a2, 0101
  li a3, 0644
  li a7, 56
  ecall
  la a1, text
  li a2, 4
  li a7, WRITE
  ecall
  li a0, 0
  li a7, EXIT_GROUP
  ecall
.data
path: .string "/disk/f"
text: .string "kept"
`;

class Disk implements ImmediateDisk {
  readonly sizeBytes: number;
  readonly readOnly = false;
  readonly bytes: Uint8Array;
  isClosed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.bytes.slice(offset, offset + length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  flush(): void {}
  discard(): void {}
  writeZeroes(): void {}
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const mounted = (disk: number, readOnly = false) => ({
  memory: 1 << 20,
  mounts: [{ path: "/disk", disk, readOnly }],
});

test("what a program writes to a disk is there when the machine is closed", async () => {
  const disks = [new Disk(makeImage()), new Disk(makeImage({ blockSize: 4096, blocks: 200 }))];
  const { machine } = await guest(WRITER, { disks, files: mounted(1) });
  const sources = machine.kernel
    .use(vfs)
    .mounts.map(({ filesystem: { name, source } }) => `${name} ${source}`);
  expect(sources).toContain("ext2 /dev/vdb");
  expect(await machine.run()).toEqual({ kind: "exit", code: 0 });
  await machine.close();
  expect(disks.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  await machine.close();
  const options = { readOnly: true, now: () => 0n, after: () => {} };
  expect(new Tree(new Ext2Filesystem(new RamDisk(disks[1].bytes), options)).read("/f")).toBe("kept");
});

test("a change is on the disk after some seconds, without anybody asking", async () => {
  const disk = new Disk(makeImage());
  const { machine } = await guest(
    `${WRITER.replace("li a0, 0\n  li a7, EXIT_GROUP\n  ecall", "again: j again")}`,
    {
      disks: [disk],
      files: mounted(0),
    },
  );
  const read = () =>
    new Tree(
      new Ext2Filesystem(new RamDisk(disk.bytes.slice()), { readOnly: true, now: () => 0n, after: () => {} }),
    ).list("/");
  await machine.run(1_000_000);
  expect(read()).toEqual([]);
  machine.board.virtual?.skip(60_000_000n);
  await machine.run(1_000_000);
  expect(read()).toEqual(["f"]);
});

test("disks that cannot be mounted are refused", async () => {
  const empty = new Disk(new Uint8Array(1 << 20));
  await expect(guest(WRITER, { disks: [empty], files: mounted(0) })).rejects.toThrow(
    /disk vda: it holds no ext2/,
  );
  await expect(guest(WRITER, { disks: [empty], files: mounted(1) })).rejects.toThrow(/no disk 1 that works/);
  const disks = Array.from({ length: 9 }, () => new Disk(makeImage()));
  await expect(guest(WRITER, { disks, files: mounted(0) })).rejects.toThrow(RefusedError);
});
