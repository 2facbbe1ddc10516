import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assemble } from "../../src/isa/assembler/assemble.ts";
import { linkElf } from "../../src/isa/assembler/elf.ts";
import { parseElf } from "../../src/loader/elf.ts";
import { chooseLayout, type Layout } from "../../src/loader/layout.ts";
import type { HostedOptions } from "../../src/machine/hosted-options.ts";
import { attack, segfault, wordAt } from "./attack.ts";

/** Where things are is drawn anew for each seed, with as many bits as `src/loader/layout.ts` says. */
const SEEDS = 512;
const GiB = 2 ** 30;
const PAGE = 4096;

const source = (body: string) => `.option pic\n.globl _start\n${body}`;
const link = (body: string) => linkElf(assemble(source(body)));
const pie = await parseElf(link("_start: ecall\n.data\nword: .dword 1\n.bss\nroom: .space 8192"), "pie");

/** What is drawn for each row of the table in layout.ts, in its unit. */
const DRAWN: Record<string, (layout: Layout) => number> = {
  "PIE base": ({ image }) => (image.start - 64 * GiB) / PAGE,
  "heap, after image": ({ heap, image }) => (heap.start - image.end) / PAGE - 16,
  "mmap top": ({ mmap }) => (228 * GiB - mmap.end) / PAGE,
  interpreter: ({ interpreter, mmap }) => (interpreter!.start - mmap.end) / PAGE - 16,
  vDSO: ({ vdso }) => (vdso.start - 233 * GiB) / PAGE,
  "stack top": ({ stack }) => (252 * GiB - stack.end) / PAGE,
  "initial sp": ({ stack, stackTop }) => (stack.end - stackTop) / 16,
};

/** The rows of the table in the comment of layout.ts: what is drawn, and in how many bits. */
function documentedBits(): Map<string, number> {
  const text = readFileSync(new URL("../../src/loader/layout.ts", import.meta.url), "utf8");
  const rows = text.matchAll(/^ \* {5}(\S.*?) {2,}(\d+) bits of/gm);
  return new Map([...rows].map(([, name, bits]) => [name, Number(bits)]));
}

const layouts = Array.from({ length: SEEDS }, (_, i) =>
  chooseLayout(pie, pie, { seed: BigInt(i) * 0x9e37_79b9_7f4a_7c15n, aslr: true, stackSize: 8 << 20 }),
);

describe("the bits of a layout", () => {
  const documented = documentedBits();

  test("are documented for all that is drawn", () => {
    expect([...documented.keys()]).toEqual(Object.keys(DRAWN));
  });

  test.each([...documented])("%s: %i, each of them free, over 512 seeds", (name, bits) => {
    const values = layouts.map(DRAWN[name]);
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** bits)).toBe(true);
    for (let bit = 0; bit < bits; bit++) {
      const set = values.filter((value) => Math.floor(value / 2 ** bit) % 2 === 1).length;
      // Five standard deviations of a fair coin.
      expect(Math.abs(set - SEEDS / 2), `bit ${bit}`).toBeLessThan((5 * Math.sqrt(SEEDS)) / 2);
    }
    // As few of the pairs are equal as chance has it.
    const pairs = (SEEDS * (SEEDS - 1)) / 2;
    expect(SEEDS - new Set(values).size).toBeLessThan(5 + (2 * pairs) / 2 ** bits);
  });

  test("of one area say nothing of another's", () => {
    const names = Object.keys(DRAWN);
    for (const one of names)
      for (const other of names) {
        if (one === other) continue;
        const same = layouts.filter(
          (layout) => DRAWN[one](layout) % 256 === DRAWN[other](layout) % 256,
        ).length;
        expect(same, `${one} and ${other}`).toBeLessThan(12);
      }
  });

  test("of AT_RANDOM are 128", () => {
    for (let bit = 0; bit < 128; bit++) {
      const set = layouts.filter(({ random }) => (random[bit >> 3] >> (bit & 7)) & 1).length;
      expect(Math.abs(set - SEEDS / 2), `bit ${bit}`).toBeLessThan((5 * Math.sqrt(SEEDS)) / 2);
    }
  });
});

/** Finds itself: s1 code, s2 data, s3 heap, s4 a mapping, s5 sp, s6 the word after AT_RANDOM's pointer. */
const FINDS = `
  _start: la s1, _start
          la s2, data
          li a0, 0
          li a7, BRK
          ecall
          mv s3, a0
          mmap 0, 4096, 3, 0x22
          mv s4, a0
          mv s5, sp
          li a0, 0
          finish
          .data
          .balign 8
  data:   .dword 5`;
const AREAS = { code: 9, data: 18, heap: 19, mapping: 20, stack: 21 } as const;

async function found(seed: bigint, options: Partial<HostedOptions> = {}) {
  const { machine, register } = await attack(source(FINDS), { seed, ...options });
  const places = Object.entries(AREAS).map(([name, number]) => [name, register(number)] as const);
  const { stack, random, vdso } = machine.layout;
  const bytes = new DataView(random.buffer).getBigUint64(0, true);
  let onStack = false;
  for (let at = register(21); at < stack.end && !onStack; at += 8) onStack = wordAt(machine, at) === bytes;
  return { places: new Map<string, number>(places), random: bytes, onStack, vdso: vdso.start };
}

describe("a running program", () => {
  test("finds every area elsewhere with another seed, and in the same place with the same", async () => {
    const seen = new Map<string, Set<number>>();
    const randoms = new Set<bigint>();
    for (let seed = 1n; seed <= 24n; seed++) {
      const { places, random, vdso } = await found(seed);
      for (const [name, at] of [...places, ["vdso", vdso] as const])
        seen.set(name, (seen.get(name) ?? new Set()).add(at));
      randoms.add(random);
    }
    for (const [name, addresses] of seen) expect(addresses.size, name).toBe(24);
    expect(randoms.size).toBe(24);
    expect(await found(7n)).toEqual(await found(7n));
  });

  test("finds the bytes of AT_RANDOM where it is told, also without ASLR by the seed", async () => {
    const one = await found(1n, { aslr: false });
    const other = await found(2n, { aslr: false });
    expect(one.places).toEqual(other.places);
    expect(one.random).not.toBe(other.random);
  });

  test.each(Object.keys(AREAS))("%s is not where another seed had it", async (name) => {
    const { places } = await found(1n);
    const at = places.get(name) as number;
    for (let seed = 2n; seed <= 9n; seed++) {
      const { crash } = await segfault(source(`_start: li t0, ${at}\n lb t1, 0(t0)\n j _start`), { seed });
      expect(crash).toMatchObject({ address: at, area: undefined });
    }
  });
});
