import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Region } from "../cpu/jit/region.ts";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { parseElf } from "../loader/elf.ts";
import { Arena } from "../memory/arena.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { codeIn } from "./disassembly.ts";
import { type BlockView, type RegionView, regionAt, translatedCode } from "./region-view.ts";
import { readSymbolTable } from "./symbols.ts";

const BASE = 0x10000;

/** The region at a label of a program. */
async function region(code: string, label = "_start"): Promise<RegionView | undefined> {
  const bytes = linkElf(assemble(`.text\n.globl _start\n${code}\n`), { base: BigInt(BASE) });
  const { segments } = await parseElf(bytes, "program", { bare: true });
  const symbols = await readSymbolTable(bytes, "program");
  const ranges = segments.map(({ address, bytes }) => ({ name: "", address, bytes }));
  return regionAt(
    symbols.find(label) ?? 1,
    (at) => codeIn(ranges, at),
    (at) => symbols.describe(Number(at)),
  );
}

const SUM = `
_start: li a2, 0
next:   ld a3, 0(a0)
        addi a0, a0, 8
        addi a1, a1, -1
        add a2, a2, a3
        bnez a1, next
        ret`;

const shape = ({ instructions, edges, from, dominator, loops }: BlockView) => ({
  size: instructions.length,
  to: edges.map(({ kind, block }) => `${kind} ${block}`),
  from,
  dominator,
  loops,
});

describe("the view of a region", () => {
  it("has the blocks, what leads where, and the loops", async () => {
    const view = await region(SUM);
    expect(view?.blocks.map(shape)).toEqual([
      { size: 1, to: ["fall 1"], from: [], dominator: undefined, loops: [] },
      { size: 5, to: ["taken 1", "other 2"], from: [0, 1], dominator: 0, loops: [1] },
      { size: 1, to: [], from: [1], dominator: 1, loops: [] },
    ]);
    expect(view?.blocks.map(({ symbol, leaves }) => [symbol, leaves])).toEqual([
      ["_start", undefined],
      ["next", undefined],
      ["next+0x14", "register"],
    ]);
    expect(view?.blocks[1].instructions[0]).toMatchObject({ bits: 0x00053683, text: "ld a3,0(a0)" });
  });

  it("has loops inside loops, from outside to inside", async () => {
    const view = await region(`
_start: li a0, 5
outer:  li a1, 5
inner:  addi a1, a1, -1
        bnez a1, inner
        addi a0, a0, -1
        bnez a0, outer
        ebreak`);
    expect(view?.blocks.map(({ loops }) => loops)).toEqual([[], [1], [1, 2], [1], []]);
    expect(view?.blocks.at(-1)?.leaves).toBe("interpreter");
  });

  it("has the webs with their accesses, and the exits that they may take", async () => {
    const view = await region(`
_start: sd a1, 8(a0)
        ld a2, -16(a0)
        lw a3, 0(sp)
        ebreak`);
    const start = view?.address ?? 0;
    expect(view?.webs).toMatchObject([
      {
        number: 0,
        least: -16,
        most: 16,
        writes: true,
        crosses: true,
        wide: true,
        accesses: [
          { address: start, register: "a0", offset: 8, writes: true, known: "maybe" },
          { address: start + 4, register: "a0", offset: -16, writes: false, known: "checked" },
        ],
      },
      {
        number: 1,
        least: 0,
        most: 4,
        writes: false,
        crosses: true,
        wide: true,
        accesses: [{ address: start + 8, register: "sp", offset: 0, writes: false, known: "maybe" }],
      },
    ]);
    expect(view?.exits).toEqual([
      { number: 0, kind: "stale", address: start, count: 0, web: undefined },
      { number: 1, kind: "miss", address: start, count: 0, web: 0 },
      { number: 2, kind: "miss", address: start + 8, count: 2, web: 1 },
      { number: 3, kind: "interpret", address: start + 12, count: 3, web: undefined },
    ]);
  });

  it("says of each instruction where its code begins, and of each exit where it is chosen", async () => {
    const view = await region(SUM);
    const all = view?.blocks.flatMap(({ instructions }) => instructions.map(({ address }) => address));
    expect(view?.code.flatMap(({ starts }) => starts)).toEqual(all);
    const add = view?.code.findIndex(({ starts }) => starts.includes((all?.[4] ?? 0) as number)) ?? 0;
    expect(view?.code.slice(add, add + 4).map(({ text }) => text)).toEqual([
      "local.get $a2",
      "local.get $a3",
      "i64.add",
      "local.set $a2",
    ]);
    const chosen = view?.code.flatMap(({ exit }) => exit ?? []);
    expect(new Set(chosen)).toEqual(new Set(view?.exits.map(({ number }) => number)));
    expect(view?.locals).toContain("$a0_linear i32");
    expect(view?.locals.slice(0, 2)).toEqual(["$depth i32", "$hart i32"]);
  });

  it("takes a called function in twice where it is called twice", async () => {
    const view = await region(`
_start: jal add
        jal add
        ebreak
add:    addi a0, a0, 1
        ret`);
    const texts = view?.blocks.flatMap(({ instructions }) => instructions.map(({ text }) => text));
    expect(texts?.filter((text) => text === "addi a0,a0,1").length).toBe(2);
    expect(view?.blocks.flatMap(({ edges }) => edges.map(({ kind }) => kind))).toContain("choice");
  });

  it("has the pages, also the one that an instruction reaches into", async () => {
    const view = await region(`.balign 4096\n.space 4094\n_start: addi a0, a0, 1\nebreak`);
    const page = (view?.address ?? 0) - 4094;
    expect(view?.pages).toEqual([page, page + 4096]);
  });

  it("is nothing where the interpreter has the first instruction, where no code is, and at odd addresses", async () => {
    expect(await region("_start: ebreak")).toBeUndefined();
    expect(regionAt(BASE, () => undefined)).toBeUndefined();
    expect(regionAt(BASE + 1, () => 0x13)).toBeUndefined();
  });

  it("has addresses of the upper half as negative numbers", () => {
    const address = -0x8000_0000 + 0xffe;
    const view = regionAt(address, (at) => (at === address ? 0x0505 : undefined));
    expect(view).toMatchObject({ address, pages: [-0x8000_0000] });
    expect(view?.exits.at(-1)?.address).toBe(-0x8000_0000 + 0x1000);
  });
});

it("a translated region's code is read where its pages are", () => {
  const ram = new PhysicalMemory(new Arena(16 << 20), 0x8000_0000, 1 << 20);
  const [first, second] = [0x80010, 0x80003];
  ram.write(first * 4096 + 0xffa, Uint8Array.of(0x05, 0x05, 0x05, 0x05, 0x13, 0x05));
  ram.write(second * 4096, Uint8Array.of(0xf5, 0xff, 0x82, 0x80));
  const region = { pages: [0, 1] } as unknown as Region;
  const code = translatedCode(ram, region, [first, second], -3);
  expect([-8198, -8196, -8194, -8190].map(code)).toEqual([0x0505, 0x0505, 0xfff50513 | 0, 0x8082]);
  expect(code(-4096)).toBeUndefined();
});

it("any code has a view or none", () => {
  const words = fc.array(
    fc.oneof(
      fc.nat(0xffff_ffff),
      // Branches and jumps nearby, loads and stores, so that there are graphs.
      fc.nat(0xff).map((n) => 0x00000063 | (n << 7) | ((n & 7) << 12)),
      fc.nat(0xff).map((n) => 0x0000006f | ((n & 0x1f) << 21) | ((n & 1) << 7)),
      fc.nat(0x1f).map((n) => 0x00053003 | (n << 7)),
      fc.nat(0x1f).map((n) => 0x00a53023 | (n << 7)),
      fc.constant(0x00008067),
    ),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(words, (code) => {
      const bytes = new Uint8Array(Uint32Array.from(code).buffer);
      const ranges = [{ name: "", address: BASE, bytes }];
      const view = regionAt(BASE, (at) => codeIn(ranges, at));
      if (!view) return;
      const inside = new Set(view.blocks.flatMap(({ edges }) => edges.flatMap(({ block }) => block ?? [])));
      expect(inside).toEqual(new Set(view.blocks.flatMap(({ from, number }) => (from.length ? number : []))));
      for (const { loops, number, dominator = 0 } of view.blocks) {
        expect(dominator === 0 || dominator < number).toBe(true);
        // Who heads a loop dominates all of it.
        for (const head of loops) {
          let at: number | undefined = number;
          while (at !== undefined && at !== head) at = view.blocks[at].dominator;
          expect(at).toBe(head);
        }
      }
      const chosen = new Set(view.code.flatMap(({ exit }) => exit ?? []));
      // Of those of being entered, the first one stands for all.
      const listed = view.exits.filter(({ kind, number }) => kind !== "stale" || number === 0);
      expect(chosen).toEqual(new Set(listed.map(({ number }) => number)));
    }),
    { numRuns: 200 },
  );
});
