import { expect, test } from "vitest";
import type { Hart } from "../../cpu/hart.ts";
import { guest } from "../../machine/hosted-fixture.ts";
import { Kernel } from "../kernel.ts";
import { LinkError } from "../library.ts";
import { type Platform, platform, rkplat } from "./platform.ts";

test("the library hands over the machine that it was made with", () => {
  const given = { epoch: 5n } as Platform;
  expect(new Kernel({} as Hart, [rkplat(given)]).use(platform)).toBe(given);
});

test("without a machine it can be looked at but not started", () => {
  const listed = rkplat(undefined);
  expect([listed.name, listed.provides, listed.needs]).toEqual(["rkplat", [platform], []]);
  expect(listed.summary()).not.toBe("");
  expect(() => new Kernel({} as Hart, [listed])).toThrow(LinkError);
  expect(() => new Kernel({} as Hart, [listed])).toThrow("rkplat");
});

test("a hosted machine gives a kernel what it needs to stand on", async () => {
  const { machine } = await guest("_start: j _start", { memory: 4 << 20 });
  const given = machine.kernel.use(platform);
  expect([given.hart, given.bus, given.ram]).toEqual([
    machine.board.hart,
    machine.board.bus,
    machine.board.ram,
  ]);
  expect(given.ram.size).toBe(4 << 20);
  // Every address that it names is a device on its bus.
  const [first, second] = given.consoles;
  for (const base of [first.base, second.base, given.clint.base, ...given.virtio])
    expect(given.bus.find(base, 8)?.base).toBe(base);
  expect(first.base).not.toBe(second.base);
  expect(given.clint.nanosecondsPerTick).toBe(100);
});

test("address spaces have different numbers until all have been used, and then nothing is remembered of any", async () => {
  const { machine } = await guest("_start: j _start");
  const { newAsid, hart } = machine.kernel.use(platform);
  let forgotten = 0;
  const { fence } = hart.mmu;
  hart.mmu.fence = (...args) => {
    if (args.length === 0) forgotten++;
    fence.apply(hart.mmu, args);
  };
  const given: number[] = [];
  let before = 0;
  for (let next = newAsid(); next !== 0; next = newAsid()) {
    given.push(next);
    before = forgotten;
  }
  expect(new Set(given).size).toBe(given.length);
  expect([given.at(-1), before, forgotten]).toEqual([2 ** 16 - 1, 0, 1]);
});

test("random bytes come from the machine's seed", async () => {
  const bytes = async (seed: bigint) => {
    const { machine } = await guest("_start: j _start", { seed });
    const into = new Uint8Array(32);
    machine.kernel.use(platform).entropy(into);
    return Buffer.from(into).toString("hex");
  };
  expect(await bytes(1n)).toBe(await bytes(1n));
  expect(await bytes(1n)).not.toBe(await bytes(2n));
});
