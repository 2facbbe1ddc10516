import { expect, test } from "vitest";
import { HART } from "../src/cpu/layout.ts";
import { MemoryTree } from "../src/devices/virtio/p9/memory-tree-fixture.ts";
import { Machine } from "../src/machine/machine.ts";
import type { MachineOptions } from "../src/machine/machine-options.ts";
import { MemoryDisk } from "../src/machine/memory-disk.ts";
import { setLocale } from "../src/messages/catalogue.ts";
import { RefusedError } from "../src/messages/errors.ts";
import { cable } from "../src/net/cable.ts";
import { SeededRandom } from "../src/random/seeded-random.ts";
import { busyMachine, surroundings } from "./busy-guest.ts";
import { type Dice, mutated, sealed, withState } from "./saved-state-fuzz.ts";

/** Crafted files a test. */
const ROUNDS = Number(process.env.SAVE_FUZZ_ROUNDS ?? 150);

/** Files that are no saved machine, or that somebody has made to look like one. */

const around = surroundings();
const { machine } = await busyMachine();
await machine.run({ instructions: 700_000 });
const file = await machine.save();

/** What `load` rejects with. */
const refusal = (bytes: Uint8Array<ArrayBuffer>, name = "file"): Promise<unknown> =>
  Machine.load(bytes, name, around).then(
    () => undefined,
    (error) => error,
  );

test("one that was damaged anywhere is refused in one line", async () => {
  const places = Array.from({ length: 200 }, (_, i) => Math.floor((i * (file.length - 1)) / 199));
  for (const at of [
    ...Array(64).keys(),
    ...places,
    ...Array.from({ length: 40 }, (_, i) => file.length - 1 - i),
  ]) {
    const broken = file.slice();
    broken[at] ^= 1 << (at % 8);
    const error = await refusal(broken);
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as Error).message).toMatch(/^file: [^\n]+$/);
  }
});

test.each([0, 1, 7, 23, 24, 55, 56, 57, 100, 5000])(
  "one that ends after %d bytes is refused",
  async (length) => {
    for (const bytes of [file.slice(0, length), file.slice(0, file.length - 1 - length)]) {
      const error = await refusal(bytes);
      expect(error).toBeInstanceOf(RefusedError);
      expect((error as Error).message).toMatch(/^file: (not a saved|the saved machine is damaged)[^\n]*$/);
    }
  },
);

test("one of another version says which", async () => {
  const other = file.slice();
  new DataView(other.buffer).setUint32(8, 77, true);
  expect(String(await refusal(await sealed(other)))).toMatch(
    "file: a saved machine of format version 77; this Runikraft reads version",
  );
});

test("disks have to be as they were", async () => {
  const load = (drives: MemoryDisk[]) => Machine.load(file, "file", { ...around, drives });
  await expect(load([new MemoryDisk(1024)])).rejects.toThrow(
    "file: saved with 32768 bytes on disk 0, where this one has 1024",
  );
  await expect(load([])).rejects.toThrow(
    "file: saved with virtio-blk in virtio slot 0, where this machine has nothing",
  );
});

test("the language it was saved in does not matter", async () => {
  setLocale("zh");
  try {
    await expect(Machine.load(file, "file", around)).resolves.toBeInstanceOf(Machine);
  } finally {
    setLocale("en");
  }
});

/** Machines that have every kind of device between them. */
const CONFIGURATIONS: readonly (() => Partial<MachineOptions>)[] = [
  () => ({ devices: ["virtio-gpu", "virtio-keyboard", "virtio-tablet", "virtio-vsock", "virtio-balloon"] }),
  () => ({ network: cable()[0], shares: [{ tag: "share", tree: new MemoryTree() }], packedRings: true }),
  () => ({ virtioVersion: 1, deterministic: false }),
];

test.each([...CONFIGURATIONS.keys()])(
  "whatever its state claims, it is refused or it runs: configuration %d",
  async (number) => {
    const random = new SeededRandom(BigInt(number));
    const dice: Dice = (bound) => random.u32() % bound;
    const { machine: original } = await busyMachine(CONFIGURATIONS[number]());
    await original.run({ instructions: 700_000 });
    const saved = await original.save();
    let ran = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const times = 1 + dice(3);
      const crafted = await withState(saved, (state) => {
        let changed = state;
        for (let i = 0; i < times; i++) changed = mutated(changed, dice);
        return changed;
      });
      ran += await survives(crafted, CONFIGURATIONS[number]());
    }
    // Most of what a hart has in its registers is as good as anything else.
    expect(ran).toBeGreaterThan(0);
    expect(ran).toBeLessThan(ROUNDS);
  },
);

test("whatever the registers of its harts hold, it is refused or it runs", async () => {
  const random = new SeededRandom(9n);
  const interesting = [
    0, 1, 2, 3, 0x80, -1, -2, 0x8000_0000, 0x7fff_ffff, 0x8000_0100, 0x1000_0000, 0x0a0a_0a0a,
  ];
  let ran = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const crafted = await withState(file, (state) => {
      const { board } = state as { board: { harts: Uint8Array[] } };
      const harts = board.harts.map((block) => {
        const words = new Int32Array(block.slice().buffer);
        // Most of the block is not in use.
        const used = (HART.csrs + 8 * 50) / 4;
        for (let i = 0; i < 2; i++)
          words[random.u32() % used] = interesting[random.u32() % interesting.length];
        return new Uint8Array(words.buffer);
      });
      return { ...(state as object), board: { ...board, harts } };
    });
    ran += await survives(crafted, {});
  }
  expect(ran).toBeGreaterThan(0);
  expect(ran).toBeLessThan(ROUNDS);
});

/** 1 where it could be loaded. */
async function survives(crafted: Uint8Array<ArrayBuffer>, options: Partial<MachineOptions>): Promise<number> {
  const { network, shares } = options;
  let loaded: Machine | undefined;
  try {
    loaded = await Machine.load(crafted, "crafted", { ...surroundings(), network, shares });
    loaded.attended = false;
    loaded.type("typed");
    await loaded.run({ instructions: 60_000, milliseconds: 50 });
    await loaded.save();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
  await loaded?.close();
  return loaded ? 1 : 0;
}
