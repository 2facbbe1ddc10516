import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Disk } from "../devices/disk.ts";
import { RefusedError } from "../messages/errors.ts";
import { openImmediateDisk, openRawDisk } from "./disk.ts";

let folder: string;
let path: string;
let open: Disk[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-disk-"));
  path = join(folder, "image");
  open = [];
});

afterEach(async () => {
  for (const disk of open) await disk.close();
  rmSync(folder, { recursive: true });
});

const KINDS: [string, typeof openRawDisk][] = [
  ["that goes on beside", openRawDisk],
  ["that answers at once", async (file, options) => openImmediateDisk(file, options)],
];

async function openedBy(openDisk: typeof openRawDisk, readOnly = false): Promise<Disk> {
  const disk = await openDisk(path, { readOnly });
  open.push(disk);
  return disk;
}

const image = (sectors: number) => Uint8Array.from({ length: sectors * 512 }, (_, i) => 1 + (i >> 9));

describe.each(KINDS)("a raw image %s", (_kind, openDisk) => {
  const opened = (readOnly?: boolean) => openedBy(openDisk, readOnly);

  test("keeps what is written, in the file", async () => {
    writeFileSync(path, image(8));
    const disk = await opened();
    expect([disk.sizeBytes, disk.readOnly]).toEqual([4096, false]);
    const bytes = new Uint8Array(1024).fill(0xaa);
    const writing = disk.write(512, bytes);
    bytes.fill(0xbb);
    await writing;
    await disk.flush();
    const expected = image(8).fill(0xaa, 512, 1536);
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
    expect(Buffer.compare(await disk.read(0, 4096), expected)).toBe(0);
  });

  test("many operations at once do not get in each other's way", async () => {
    writeFileSync(path, new Uint8Array(512 * 512));
    const disk = await opened();
    const numbers = Array.from({ length: 512 }, (_, i) => i);
    await Promise.all(numbers.map((i) => disk.write(i * 512, new Uint8Array(512).fill(i % 251))));
    const sectors = await Promise.all(numbers.map((i) => disk.read(i * 512, 512)));
    expect(sectors.every((bytes, i) => bytes.every((byte) => byte === i % 251))).toBe(true);
  });

  test("writes zeroes in pieces", async () => {
    writeFileSync(path, new Uint8Array(3 << 20).fill(1));
    const disk = await opened();
    await disk.writeZeroes(512, (5 << 19) + 512);
    const bytes = readFileSync(path);
    expect([bytes.indexOf(0), bytes.lastIndexOf(0)]).toEqual([512, (5 << 19) + 1023]);
    expect(bytes.length).toBe(3 << 20);
  });

  test("what is discarded may stay", async () => {
    writeFileSync(path, image(2));
    await (await opened()).discard(0, 1024);
    expect(statSync(path).size).toBe(1024);
  });

  test("that ends within a sector is zeroes from there, and grows when that is written", async () => {
    writeFileSync(path, image(2).subarray(0, 700));
    const disk = await opened();
    expect(disk.sizeBytes).toBe(1024);
    const bytes = await disk.read(0, 1024);
    expect([bytes[699], bytes[700], bytes[1023]]).toEqual([2, 0, 0]);
    await disk.write(512, new Uint8Array(512).fill(3));
    expect(statSync(path).size).toBe(1024);
  });

  test("that was cut meanwhile reads as zeroes", async () => {
    writeFileSync(path, image(4));
    const disk = await opened();
    truncateSync(path, 600);
    const bytes = await disk.read(512, 1024);
    expect([bytes[87], bytes[88], bytes[1023]]).toEqual([2, 0, 0]);
  });

  test("read-only is never written", async () => {
    writeFileSync(path, image(1));
    const disk = await opened(true);
    expect(disk.readOnly).toBe(true);
    await expect((async () => disk.write(0, new Uint8Array(512)))()).rejects.toThrow();
    await disk.flush();
    expect(Buffer.compare(readFileSync(path), image(1))).toBe(0);
  });
});

describe("is refused:", () => {
  const opened = (readOnly?: boolean) => openedBy(openRawDisk, readOnly);

  async function refusal(readOnly = false): Promise<string> {
    const error = await opened(readOnly).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(RefusedError);
    return (error as RefusedError).message.replaceAll(path, "IMAGE");
  }

  test("another format, with the command that converts it", async () => {
    const formats: [string, string][] = [
      ["QFI\xfb\0\0\0\x03", "qcow2"],
      ["KDMV", "VMDK"],
      ["# Disk DescriptorFile\nversion=1", "VMDK"],
      ["vhdxfile", "VHDX"],
      [`<<< Oracle VM VirtualBox Disk Image >>>\n${"\0".repeat(24)}\x7f\x10\xda\xbe`, "VDI"],
    ];
    for (const [start, name] of formats) {
      writeFileSync(path, Buffer.from(start.padEnd(1024, "\0"), "latin1"));
      const convert = "disks are raw images; convert it: qemu-img convert -O raw IMAGE IMAGE.raw";
      expect(await refusal()).toBe(`IMAGE is a ${name} image, and ${convert}`);
    }
  });

  test("a directory, for reading too", async () => {
    path = folder;
    expect(await refusal()).toBe("cannot use IMAGE as a disk: it is a directory");
    expect(await refusal(true)).toBe("cannot use IMAGE as a disk: it is a directory");
  });

  test("what is not there", async () => {
    expect(await refusal()).toBe("cannot use IMAGE as a disk: no such file or directory");
  });

  test("what is empty", async () => {
    writeFileSync(path, "");
    expect(await refusal()).toBe("cannot use IMAGE as a disk: it is empty");
  });

  test("what is no disk", async () => {
    path = "/dev/null";
    expect(await refusal()).toBe("cannot use IMAGE as a disk: it is neither a file nor a block device");
  });

  test("a file that somebody writes, until it is closed", async () => {
    writeFileSync(path, image(1));
    const inUse =
      "cannot use IMAGE as a disk: a machine already uses it, and one of the two would write to it";
    const writer = await openRawDisk(path, { readOnly: false });
    expect(await refusal()).toBe(inUse);
    expect(await refusal(true)).toBe(inUse);
    await writer.close();
    await opened(true);
    await opened(true);
    expect(await refusal()).toBe(inUse);
  });
});
