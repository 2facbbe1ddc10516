import { expect, test } from "vitest";
import type { Disk } from "../../devices/disk.ts";
import { ConsoleDevice } from "../../devices/virtio/console.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { Bytes, diskOf, driverOf, SIZE, slow } from "./disk-fixture.ts";

test("reads and writes at any offset, in any length, also beyond what its buffer holds", () => {
  const host = new Bytes();
  const disk = diskOf(host);
  expect([disk.name, disk.sizeBytes, disk.readOnly]).toEqual(["vda", SIZE, false]);
  const bytes = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i >> 9) * 7 + i);
  disk.write(512, bytes);
  expect(host.calls).toEqual(["write 512 1048576", "write 1049088 1048576", "write 2097664 1048576"]);
  expect(Buffer.compare(host.bytes.subarray(512, 512 + bytes.length), bytes)).toBe(0);
  const back = new Uint8Array(bytes.length);
  disk.read(512, back);
  expect(Buffer.compare(back, bytes)).toBe(0);
  // Through the end of both rings, many times over.
  for (let i = 0; i < 70_000; i++) disk.flush();
  disk.read(SIZE - 512, back.subarray(0, 512));
  expect(back.subarray(0, 512)).toEqual(new Uint8Array(512));
});

test("a page is written with one operation", () => {
  const host = new Bytes();
  diskOf(host, 4 << 20).write(8192, new Uint8Array(4096));
  expect(host.calls).toEqual(["write 8192 4096"]);
});

test("what the host cannot do is EIO, and the next request goes on", () => {
  const host = new Bytes();
  const disk = diskOf(host);
  host.read = () => {
    throw new Error("broken");
  };
  expect(failure(() => disk.read(0, new Uint8Array(512)))).toBe("EIO");
  disk.write(
    0,
    Uint8Array.from({ length: 512 }, () => 1),
  );
  expect(host.bytes[511]).toBe(1);
  const readOnly = diskOf(new Bytes(true));
  expect(readOnly.readOnly).toBe(true);
  expect(failure(() => readOnly.write(0, new Uint8Array(512)))).toBe("EIO");
});

test("a disk that does not answer at once is EIO", () => {
  const host: Disk = Object.assign(new Bytes(), { read: () => new Promise<Uint8Array>(() => {}) });
  expect(failure(() => diskOf(host).read(0, new Uint8Array(512)))).toBe("EIO");
});

test("finds only what it is for", () => {
  expect(driverOf(new ConsoleDevice([], slow)).transport).toBeUndefined();
});
