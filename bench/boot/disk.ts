import { createHash, randomFillSync } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Computer } from "../../test/guests/linux/emulators.ts";
import { BenchError } from "../child.ts";
import { checkSum, secondsOf } from "./guest.ts";
import type { Part } from "./parts.ts";

const MIB = 1 << 20;
/** MiB of random bytes that are read, and of room behind them that is written. */
const READ = 256;
const WRITTEN = 64;
/** How often the disk is read to be measured long enough. */
const READS = 4;

/**
 * Reading and writing a raw image as a virtio disk. The image is in the host's page cache, for both emulators: what is
 * measured is the way from there into the guest, and for the write also the host's disk, as a flush asks for it.
 */
export function diskPart(kernel: Computer, folder: string): Part {
  const disk = join(folder, "disk.img");
  const sum = makeImage(disk);
  return {
    name: "disk",
    computer: { ...kernel, disk },
    figures: [
      { name: "dd iflag=direct, reading", unit: "MB/s" },
      { name: "dd through the guest's page cache, reading", unit: "MB/s" },
      { name: "dd conv=fsync, writing", unit: "MB/s" },
    ],
    async measure(guest, _, isFirst) {
      const read = `dd if=/dev/vda of=/dev/null bs=1M count=${READ}`;
      const direct = Array(READS).fill(`${read} iflag=direct`).join(" && ");
      const uncached = "echo 3 > /proc/sys/vm/drop_caches";
      if (isFirst) await checkSum(guest, `dd if=/dev/vda bs=1M count=${READ}`, sum);
      const figures = [(READS * READ) / (await secondsOf(guest, direct))];
      await guest.run(uncached);
      figures.push(READ / (await secondsOf(guest, read)));
      await guest.run(`${uncached}; dd if=/dev/vda of=/tmp/data bs=1M count=${WRITTEN}`);
      const write = `dd if=/tmp/data of=/dev/vda bs=1M seek=${READ} conv=fsync`;
      figures.push(WRITTEN / (await secondsOf(guest, write)));
      return figures.map((mebibytes) => (mebibytes * MIB) / 1e6);
    },
    check: () => checkWritten(disk),
  };
}

/** Returns the MD5 sum of what is to be read. It is on the host's disk: no flush of a guest's has to wait for it. */
function makeImage(path: string): string {
  const file = openSync(path, "w");
  const hash = createHash("md5");
  const piece = Buffer.alloc(MIB);
  for (let i = 0; i < READ; i++) {
    randomFillSync(piece);
    hash.update(piece);
    writeSync(file, piece);
  }
  for (let i = 0; i < WRITTEN; i++) writeSync(file, piece.fill(0));
  fsyncSync(file);
  closeSync(file);
  return hash.digest("hex");
}

/** The guest wrote what it had read; it is taken away for the next one. */
function checkWritten(path: string): void {
  const file = openSync(path, "r+");
  const pieces = [Buffer.alloc(MIB), Buffer.alloc(MIB)];
  const zeroes = Buffer.alloc(MIB);
  for (let i = 0; i < WRITTEN; i++) {
    [i, READ + i].forEach((at, side) => {
      readSync(file, pieces[side], 0, MIB, at * MIB);
    });
    if (!pieces[0].equals(pieces[1]))
      throw new BenchError(`the disk's MiB ${READ + i} is not what was written`);
    writeSync(file, zeroes, 0, MIB, (READ + i) * MIB);
  }
  fsyncSync(file);
  closeSync(file);
}
