import { describe, expect, test } from "vitest";
import { assemble } from "../../isa/assembler/assemble.ts";
import { placeSections } from "../../isa/assembler/place.ts";
import { successors } from "./flow.ts";
import { findRegion, LARGEST_REGION, type Region } from "./region.ts";

const BASE = 0x10_0000;

/** The region of a program that begins at `at` into a page; `reached` says which offsets were. */
function find(
  source: string,
  {
    at = 0,
    choices = {},
    unreached = [],
  }: { at?: number; choices?: Record<number, number[]>; unreached?: number[] } = {},
): Region | undefined {
  const placed = placeSections(assemble(`.option norvc\n.zero ${at}\n${source}`), { base: BigInt(BASE) });
  const bytes = new Uint8Array(1 << 17);
  for (const { address, bytes: text } of placed.segments.flatMap(({ sections }) => sections))
    bytes.set(text, Number(address) - BASE);
  const view = new DataView(bytes.buffer);
  const end = placed.segments[0]?.sections[0]?.bytes.length ?? 0;
  return findRegion(at, {
    isMapped: (offset) => offset >= 0 && offset < end,
    fetch: (offset) =>
      offset < 0 || offset >= end || unreached.includes(offset) ? undefined : view.getInt32(offset, true),
    choices: (offset) => choices[offset] ?? [],
  });
}

/** But for those without code that are about where it is entered. */
const blocksOf = (region: Region | undefined) =>
  region?.flow.order.filter(({ end }) => end.kind !== "choose" && end.kind !== "entered") ?? [];

const shape = (region: Region | undefined) =>
  region &&
  blocksOf(region).map((block) => ({
    at: block.offset,
    names: block.all.map(({ instruction }) => instruction.row.name).join(" "),
    end: block.end.kind,
    to: successors(block).map(({ offset }) => offset),
  }));

describe("a region", () => {
  test("is the blocks that branches lead to", () => {
    const region = find("again: addi a0, a0, -1\n beqz a0, out\n j again\n out: ebreak");
    expect(shape(region)).toEqual([
      { at: 0, names: "addi beq", end: "branch", to: [12, 8] },
      { at: 8, names: "jal", end: "jump", to: [0] },
      { at: 12, names: "", end: "leave", to: [] },
    ]);
  });

  test("is split where its own code is jumped into", () => {
    const region = find("addi a0, a0, 1\n middle: addi a1, a1, 1\n bnez a1, middle\n ebreak");
    expect(shape(region)?.slice(0, 2)).toEqual([
      { at: 0, names: "addi", end: "fall", to: [4] },
      { at: 4, names: "addi bne", end: "branch", to: [4, 12] },
    ]);
  });

  test("does not begin with what the interpreter does", () => {
    expect(find("ebreak")).toBeUndefined();
    expect(find("fclass.d a0, fa0")).toBeUndefined();
    expect(find("sret")).toBeUndefined();
    expect(find(".word 0")).toBeUndefined();
  });

  test("goes on behind a system instruction, which ends a block", () => {
    for (const system of [
      "ecall",
      "csrrw zero, sstatus, a0",
      "csrrci a0, sstatus, 2",
      "fence.i",
      "sfence.vma",
    ])
      expect(shape(find(`addi a0, a0, 1\n ${system}\n addi a0, a0, 1\n ebreak`))).toEqual([
        { at: 0, names: `addi ${system.split(" ")[0]}`, end: "system", to: [8] },
        { at: 8, names: "addi", end: "leave", to: [] },
      ]);
  });

  test("may be entered behind its calls and system instructions", () => {
    const source = "jal f\n bnez a0, .+8\n ecall\n addi a0, a0, 1\n ebreak\n f: jal f\n ret";
    const region = find(source);
    expect(region?.entries).toEqual([4, 12]);
    expect(find("addi a0, a0, 1\n ebreak")?.entries).toEqual([]);
    // Not in a function that was taken in, where what comes back is not known to have come from there.
    expect(find("jal f\n ebreak\n f: li a7, 1\n ecall\n ret")?.entries).toEqual([]);
  });

  test("takes in a function that makes a system call", () => {
    const region = find("jal f\n addi a1, a1, 1\n ebreak\n f: li a7, 1\n ecall\n ret");
    expect(shape(region)?.map(({ names, to }) => [names, to])).toEqual([
      ["jal", [12]],
      ["addi ecall", [20]],
      ["jalr", [4]],
      ["addi", []],
    ]);
  });

  test("ends before an instruction that was never reached, and where nothing is", () => {
    const region = find("addi a0, a0, 1\n bnez a0, 1f\n addi a1, a1, 1\n 1: addi a2, a2, 1", {
      unreached: [8],
    });
    expect(shape(region)?.map(({ at, to }) => [at, to])).toEqual([
      [0, [12]],
      [12, []],
    ]);
    const [first, last] = region?.flow.order ?? [];
    expect(first.end).toMatchObject({ kind: "branch", other: 8 });
    expect(last.end).toEqual({ kind: "fall", to: 16 });
  });

  test("has a function once for each place that calls it, and its return goes back there", () => {
    const region = find("jal f\n jal f\n ebreak\n f: addi a0, a0, 1\n ret");
    const functions = region?.flow.order.filter(({ all }) =>
      all.some((p) => p.instruction.row.name === "addi"),
    );
    expect(functions?.map((block) => successors(block).map(({ offset }) => offset))).toEqual([[4], [8]]);
  });

  test("calls functions that call others, or are large, and goes on where they return to", () => {
    const large = `f: ${"addi a0, a0, 1\n".repeat(100)} ret`;
    for (const callee of ["f: addi a0, a0, 1\n jal f\n ret", large, "f: ebreak\n ret"]) {
      const region = find(`addi a1, a1, 1\n jal f\n addi a2, a2, 1\n ebreak\n ${callee}`);
      expect(shape(region)).toEqual([
        { at: 0, names: "addi jal", end: "call", to: [8] },
        { at: 8, names: "addi", end: "leave", to: [] },
      ]);
      expect(blocksOf(region)[0].end).toMatchObject({ to: 16 });
    }
  });

  test("knows where a call leads that takes two instructions, but not where the second is jumped to alone", () => {
    const source = (first: string) =>
      `${first}\n 1: auipc ra, 0\n 2: jalr ra, 20(ra)\n ebreak\n .zero 8\n f: jal f`;
    const [before, block] = blocksOf(find(source("addi a0, a0, 1")));
    expect(before.end).toMatchObject({ kind: "call", to: 24 });
    expect(block.end).toEqual({ kind: "leave", offset: 12 });
    const ends = find(source("beqz a0, 2f"))?.flow.order.map(({ end }) => end);
    expect(ends?.filter(({ kind }) => kind === "call")).toMatchObject([{ to: undefined }]);
  });

  test("calls what a small function ends by jumping to, and goes on behind the call of that function", () => {
    const region = find("jal f\n addi a1, a1, 1\n ebreak\n f: ld t1, 0(a0)\n jr t1");
    expect(shape(region)).toEqual([
      { at: 0, names: "jal", end: "jump", to: [12] },
      { at: 12, names: "ld jalr", end: "call", to: [4] },
      { at: 4, names: "addi", end: "leave", to: [] },
    ]);
  });

  test("does not follow a return whose caller is not in it", () => {
    const region = find("addi a0, a0, 1\n ret");
    expect(region?.flow.order[0].end).toMatchObject({ kind: "indirect", choices: [] });
  });

  test("goes on where a jump to a register was seen to go", () => {
    const source = "addi a0, a0, 1\n jr a1\n one: addi a2, a2, 1\n two: addi a3, a3, 1\n ebreak";
    expect(find(source)?.flow.order.length).toBe(1);
    const region = find(source, { choices: { 4: [8, 12] } });
    expect(shape(region)?.[0].to).toEqual([8, 12]);
    // Not to what cannot be translated.
    const { end } = find(source, { choices: { 4: [16, 4096] } })?.flow.order[0] ?? {};
    expect(end?.kind === "indirect" && end.choices.map(({ to }) => typeof to)).toEqual(["object"]);
  });

  test("knows the pages that its instructions stand in, of one across an edge both", () => {
    expect(find("addi a0, a0, 1\n addi a0, a0, 1\n ebreak", { at: 4094 })?.pages).toEqual([0, 1]);
    expect(find("addi a0, a0, 1\n ebreak", { at: 4088 })?.pages).toEqual([0]);
    expect(find("j far\n .zero 8192\n far: addi a0, a0, 1\n ebreak")?.pages).toEqual([0, 2]);
  });

  test("has its largest size", () => {
    const region = find(`${"addi a0, a0, 1\n".repeat(1000)} ebreak`);
    const instructions = region?.flow.order.flatMap(({ all }) => all) ?? [];
    expect(instructions.length).toBe(LARGEST_REGION);
    expect(region?.flow.order[0].end).toEqual({ kind: "fall", to: 4 * LARGEST_REGION });
  });

  test("is bounded where everything calls everything", () => {
    const functions = Array.from(
      { length: 30 },
      (_, i) =>
        `f${i}: ${"bnez a0, .+8\n".repeat(6)} jal f${(i * 7 + 1) % 30}\n jal f${(i * 11 + 2) % 30}\n jal f${i}\n ret`,
    );
    const region = find(functions.join("\n"));
    const { order } = region?.flow ?? { order: [] };
    expect(order.length).toBeLessThanOrEqual(80);
    expect(order.flatMap(({ all }) => all).length).toBeLessThanOrEqual(LARGEST_REGION);
  });
});
