import { join } from "node:path";
import { expect, test } from "vitest";
import { Machine } from "../../../src/machine/machine.ts";
import { SeededRandom } from "../../../src/random/seeded-random.ts";
import { temporaryFolder } from "../toolchain.ts";
import { kernel, makeInitramfs, makeRootDisk } from "./images.ts";
import { SteppedGuest, Surroundings } from "./stepped-guest.ts";

/** Linux in virtual time is a function of what it is given: two runs end in the same state, to the last byte. */

const folder = temporaryFolder();
const initramfs = makeInitramfs(join(folder, "initramfs.gz"));
const image = makeRootDisk(join(folder, "root.ext4"), "64M");
const HARTS = 4;
const EARLY = 400_000_000;
const WORKED = 500_000_000;
const WORK =
  "mkdir /r; mount -t ext4 /dev/vda /r; cp /r/usr/bin/bash /r/y; dd if=/dev/hwrng of=/r/x bs=4k count=9; sync; date\n";

const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** Runs so many instructions in pieces of random lengths, at most `longest`. */
async function run(machine: Machine, instructions: number, longest: number): Promise<void> {
  const random = new SeededRandom(3n);
  for (let left = instructions; left > 0; ) {
    const piece = Math.min(left, 1 + (random.u32() % longest));
    await machine.run({ instructions: piece });
    left -= piece;
  }
}

test("harts, a disk, random numbers and typed input, whole and in pieces", async () => {
  const share = join(folder, "share");
  const create = async () => {
    const around = await Surroundings.make(image, share);
    return SteppedGuest.create({ kernel, initramfs }, { harts: HARTS, deterministic: true }, around);
  };
  const guest = await create();
  const other = await create();
  await run(guest.machine, EARLY, 2 ** 31);
  await run(other.machine, EARLY, 3_000_000);
  expect(guest.around.text).toBe(other.around.text);
  expect(isSame(await guest.machine.save(), await other.machine.save())).toBe(true);
  await other.machine.close();

  await guest.until("# ");
  const file = await guest.machine.save();
  const ends: Uint8Array[] = [];
  const texts: string[] = [];
  for (const longest of [2 ** 31, 500_000]) {
    const around = await Surroundings.make(image, share);
    const machine = await Machine.load(file, "file", { ...around, print: around.print });
    expect(isSame(await machine.save(), file)).toBe(true);
    machine.type(WORK);
    await run(machine, WORKED, longest);
    ends.push(await machine.save());
    texts.push(around.text);
    await machine.close();
  }
  expect(texts[0]).toMatch(/9\+0 records out[\s\S]*UTC 2024/);
  expect(texts[1]).toBe(texts[0]);
  expect(isSame(ends[1], ends[0])).toBe(true);

  // The machine that was saved goes on as those that were loaded.
  const before = guest.around.text.length;
  guest.machine.type(WORK);
  await run(guest.machine, WORKED, 2 ** 31);
  expect(guest.around.text.slice(before)).toBe(texts[0]);
  expect(isSame(await guest.machine.save(), ends[0])).toBe(true);
  await guest.machine.close();
}, 600_000);
