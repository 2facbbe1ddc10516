import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Machine } from "../../../src/machine/machine.ts";
import { temporaryFolder } from "../toolchain.ts";
import { kernel, makeInitramfs, makeRootDisk } from "./images.ts";
import { SteppedGuest, Surroundings } from "./stepped-guest.ts";

/** Linux, saved in the middle of its work, goes on from the file; and so do forks of it. */

const folder = temporaryFolder();
const initramfs = makeInitramfs(join(folder, "initramfs.gz"));
const image = makeRootDisk(join(folder, "root.ext4"));
const imageSum = sha256(image);
const LINES = 1500;

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Reads a disk, writes a shared file line by line and sleeps, all at once. */
const WORK = `(cat /mnt/r/usr/bin/b* | sha256sum > /tmp/sum) &
(i=0; while [ $i -lt ${LINES} ]; do echo $i; i=$((i+1)); done > /mnt/h/lines) &
sleep 3 &
true`;

test.each([
  { harts: 1, virtioVersion: 1, packedRings: false, deterministic: true },
  { harts: 4, virtioVersion: 2, packedRings: true, deterministic: false },
] as const)("$harts harts, virtio $virtioVersion, virtual time: $deterministic", async (config) => {
  const share = join(folder, `share-${config.harts}`);
  const guest = await SteppedGuest.create(
    { kernel, initramfs },
    config,
    await Surroundings.make(image, share),
  );
  await guest.until("# ");
  await guest.run("mkdir -p /mnt/h /mnt/r /tmp; mount -t ext4 /dev/vda /mnt/r");
  await guest.run("mount -t 9p -o trans=virtio,version=9p2000.L host /mnt/h");
  const sum = (await guest.run("cat /mnt/r/usr/bin/b* | sha256sum")).split(" ")[0];
  await guest.run("echo 3 > /proc/sys/vm/drop_caches");
  for (const line of WORK.split("\n")) guest.machine.type(`${line}\n`);
  await guest.machine.run({ instructions: 30_000_000 });
  const file = await guest.machine.save();
  const began = readFileSync(join(share, "lines")).length;

  const fork = guest.around.copy(share);
  const forked = new SteppedGuest(await guest.machine.fork(fork), fork);
  await guest.machine.close();
  const around = await Surroundings.make(image, share);
  const loaded = new SteppedGuest(
    await Machine.load(file, "file", { ...around, print: around.print }),
    around,
  );
  for (const each of [loaded, forked]) {
    const time = async () => Number((await each.run("date +%s")).split("\n")[0]);
    const before = await time();
    expect(await each.run("wait; cat /tmp/sum")).toContain(sum);
    expect(await time()).toBeGreaterThan(before);
    expect(readFileSync(join(share, "lines"), "latin1")).toBe(
      Array.from({ length: LINES }, (_, i) => `${i}\n`).join(""),
    );
    expect(await each.run("echo kept > /mnt/r/root/new; sync; head -c 32 /dev/hwrng | wc -c")).toContain(
      "32\n",
    );
    expect(await each.run("dmesg | grep -iE ' stall|hung|i/o error|timed out|BUG:' || echo clean")).toContain(
      "clean\n",
    );
    await each.run("umount /mnt/r; mount -t ext4 /dev/vda /mnt/r; grep kept /mnt/r/root/new");
    each.machine.type("poweroff -f\n");
    expect(await each.machine.run()).toEqual({ reason: "off", exitCode: 0 });
    await each.machine.close();
  }
  expect(began).toBeLessThan(readFileSync(join(share, "lines")).length);
  // The image itself is as it was made.
  expect(sha256(image)).toBe(imageSum);
});
