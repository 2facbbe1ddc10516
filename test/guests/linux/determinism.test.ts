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
const BOOTED = 1_200_000_000;
const WORKED = 300_000_000;
const WORK =
  "mkdir /r; mount -t ext4 /dev/vda /r; cat /r/usr/bin/b* | sha256sum; dd if=/dev/hwrng of=/r/x bs=4k count=40; sync; date\n";

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

test.each([1, 4])("%d harts, with a disk, random numbers and typed input", async (harts) => {
  const share = join(folder, "share");
  const config = { harts, deterministic: true };
  const boot = async (longest: number) => {
    const around = await Surroundings.make(image, share);
    const { machine } = await SteppedGuest.create({ kernel, initramfs }, config, around);
    await run(machine, BOOTED, longest);
    return { machine, around };
  };
  const one = await boot(2 ** 31);
  const other = await boot(30_000_000);
  expect(one.around.text).toContain("# ");
  expect(other.around.text).toBe(one.around.text);
  const file = await one.machine.save();
  expect(isSame(await other.machine.save(), file)).toBe(true);

  const around = await Surroundings.make(image, share);
  const loaded = await Machine.load(file, "file", { ...around, print: around.print });
  expect(isSame(await loaded.save(), file)).toBe(true);
  const machines = [one.machine, other.machine, loaded];
  for (const [i, machine] of machines.entries()) {
    machine.type(WORK);
    await run(machine, WORKED, [2 ** 31, 1_000_000, 400_000][i]);
  }
  expect(one.around.text).toMatch(/40\+0 records out[^]*UTC 2024/);
  expect(one.around.text).toBe(other.around.text);
  expect(one.around.text.endsWith(around.text)).toBe(true);
  const end = await one.machine.save();
  for (const machine of machines) {
    expect(isSame(await machine.save(), end)).toBe(true);
    await machine.close();
  }
});
