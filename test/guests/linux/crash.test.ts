import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../toolchain.ts";
import { cutPower } from "./crash.ts";
import { type Emulator, qemu, runikraft } from "./emulators.ts";
import { kernel, makeInitramfs, makeRootDisk } from "./images.ts";

/** The full length is 20 power cuts: CRASHES=20. CRASH_EMULATOR=qemu tries the test itself. */
const cuts = Number(process.env.CRASHES ?? 3);
const emulator: Emulator = process.env.CRASH_EMULATOR === "qemu" ? qemu : runikraft;

test("what a guest fsynced is on the disk after a power cut", { timeout: cuts * 300_000 }, async () => {
  const folder = temporaryFolder();
  const fresh = makeRootDisk(join(folder, "fresh.ext4"));
  const computer = {
    kernel,
    initramfs: makeInitramfs(join(folder, "initramfs.gz")),
    append: "root=/dev/vda",
    disk: join(folder, "root.ext4"),
  };
  for (let cut = 0; cut < cuts; cut++) {
    // Every other time on the disk of the last crash, whose journal the guest itself replays.
    if (cut % 2 === 0) copyFileSync(fresh, computer.disk);
    const seconds = 0.5 + Math.random() * 4;
    const synced = await cutPower(emulator, computer, seconds, folder, `written-${cut}`);
    console.log(`cut ${cut + 1}: after ${seconds.toFixed(2)} s and ${synced} synced files nothing was lost`);
    expect(synced).toBeGreaterThan(0);
  }
});
