import { decode } from "../../isa/decode.ts";
import type { Instruction } from "../../isa/row.ts";
import { isDirectJump } from "../wasm/variants.ts";
import { blocksToEnter, withEntries } from "./entries.ts";
import { analyseFlow, type Flow } from "./flow.ts";
import { separateLoops } from "./nests.ts";
import { type Uses, usesOf } from "./uses.ts";

/**
 * A region: the control-flow graph that is translated as one function. Its code is found by following jumps from a hot
 * entry, across pages, and into the small functions that it calls: others are regions of their own. Places are offsets from
 * the entry's virtual page, so that a region means the same wherever the address space has it.
 */
export interface Region {
  /** Offset of the entry from its page. */
  readonly entry: number;
  readonly flow: Flow;
  /** Offsets of the other places where it may be entered, the first of them number 1: see `withEntries`. */
  readonly entries: readonly number[];
  /**
   * Virtual pages that its instructions stand in, or what it calls, as distances from the entry's page; 0 is the first.
   */
  readonly pages: readonly number[];
}

export interface Placed {
  readonly offset: number;
  readonly instruction: Instruction;
  /** Of the instruction. */
  readonly uses: Uses;
}

/** Straight code: `body` from the first to the last, then `end`. */
export interface Block {
  /** Its place in the region's order (`Flow`). */
  index: number;
  readonly offset: number;
  readonly body: readonly Placed[];
  readonly end: End;
  /** All of its instructions: those of the body, and the end's. */
  readonly all: readonly Placed[];
}

/** Where control goes: to a block, or out of the region to an offset. */
export type Target = Block | number;

export type End =
  /** To what follows: no instruction of its own. */
  | { readonly kind: "fall"; to: Target }
  /** A jump to pc + imm. */
  | { readonly kind: "jump"; readonly placed: Placed; to: Target }
  | { readonly kind: "branch"; readonly placed: Placed; taken: Target; other: Target }
  /** A jump to a register: to one of the choices, or else out of the region. */
  | { readonly kind: "indirect"; readonly placed: Placed; choices: Choice[] }
  /**
   * To another region, at the offset `to`, or where a register says, unless that is one of the choices; to `back` where it
   * returns.
   */
  | {
      readonly kind: "call";
      readonly placed: Placed;
      readonly to: number | undefined;
      choices: Choice[];
      back: Target;
    }
  /** An instruction that is done outside of the region, which goes on at `back` if nothing that it relies on has changed. */
  | { readonly kind: "system"; readonly placed: Placed; back: Target }
  /** The instruction there is the interpreter's. */
  | { readonly kind: "leave"; readonly offset: number }
  /** By the number of the entry, which is the region's beginning mostly: to `other`. No instruction of its own. */
  | { readonly kind: "choose"; readonly chosen: readonly Chosen[]; readonly other: Block }
  /** The region is entered at `back`. No instruction of its own. */
  | { readonly kind: "entered"; readonly back: Block };

export interface Choice {
  readonly offset: number;
  to: Target;
}

/** Where the entries with a number of at most `most` lead that come behind those before. */
export interface Chosen {
  most: number;
  readonly to: Block;
}

/** Instructions in the region at most: the compiler's time grows with it, and so do interrupts wait. */
export const LARGEST_REGION = 400;
const MOST_BLOCKS = 80;
/** A function that calls nothing, and is not larger than this, is no region of its own where it is called. */
const MOST_INLINED = 60;
const RA = 1;

/** What is known of the code. */
export interface Source {
  /** Whether there is a page at the offset that code can be in. */
  isMapped(offset: number): boolean;
  /** The instruction at an offset, as memory has it; undefined where it is not worth translating or cannot be fetched. */
  fetch(offset: number): number | undefined;
  /** Where the jump to a register at an offset was seen to go. */
  choices(offset: number): readonly number[];
}

/** A function that the region is inside of: calls of the same one from two places are two. */
interface Frame {
  readonly caller: Frame | undefined;
  /** Where a return goes, in `caller`. */
  readonly back: number;
  /** Functions that are followed into, by where they are called, and where they begin. */
  readonly inlined: Map<string, Frame>;
  /** Where something is called that is no part of the region. */
  readonly calls: Set<number>;
  readonly code: Map<number, Placed>;
  readonly leaders: Set<number>;
  readonly blocks: Map<number, Block>;
}

const newFrame = (caller: Frame | undefined, back: number): Frame => ({
  caller,
  back,
  inlined: new Map(),
  calls: new Set(),
  code: new Map(),
  leaders: new Set(),
  blocks: new Map(),
});

/** Finds the region that begins at `entry`; undefined where its first instruction is the interpreter's. */
export function findRegion(entry: number, source: Source): Region | undefined {
  return new Finder(source).find(entry);
}

/** Whether a function is so small that it had better stand where it is called. */
export function isSmallFunction(start: number, source: Source): boolean {
  return new Finder(source).isSmall(start);
}

class Finder {
  private readonly source: Source;
  private readonly queue: { frame: Frame; offset: number }[] = [];
  private instructions = 0;
  private starts = 0;
  private readonly pages = new Set<number>([0]);
  /** The one of them that was met last. */
  private page = 0;
  /** `null`: there is nothing to translate. */
  private readonly decoded = new Map<number, Instruction | null>();

  constructor(source: Source) {
    this.source = source;
  }

  find(entry: number): Region | undefined {
    const root = newFrame(undefined, 0);
    this.lead(root, entry);
    // It grows meanwhile.
    for (const { frame, offset } of this.queue) this.explore(frame, offset);
    const first = this.block(root, entry);
    if (typeof first === "number" || (first.body.length === 0 && first.end.kind === "leave"))
      return undefined;
    const found = separateLoops(analyseFlow(first));
    const { flow, entries } = withEntries(
      found,
      blocksToEnter(found).filter((block) => root.blocks.get(block.offset) === block),
    );
    return { entry, flow, entries: entries.map(({ offset }) => offset), pages: [...this.pages] };
  }

  private lead(frame: Frame, offset: number): void {
    if (frame.leaders.has(offset)) return;
    if (this.starts >= MOST_BLOCKS || this.instructions >= LARGEST_REGION) return;
    this.starts++;
    frame.leaders.add(offset);
    this.queue.push({ frame, offset });
  }

  /** Decodes from a leader up to a jump, or to code that is known already. */
  private explore(frame: Frame, start: number): void {
    let before: Placed | undefined;
    for (let offset = start; !frame.code.has(offset); ) {
      if (this.instructions >= LARGEST_REGION) return;
      const instruction = this.decodeAt(offset);
      if (!instruction) return;
      // One for each frame: what is found out about a place may differ between them.
      const uses = usesOf(instruction);
      const placed = { offset, instruction, uses };
      frame.code.set(offset, placed);
      this.instructions++;
      const { fields, length } = instruction;
      const next = offset + length;
      this.addPages(offset, next - 1);
      const { ends } = uses;
      if (ends) {
        if (ends === "jump") this.follow(frame, placed, before);
        if (ends === "branch" || ends === "system") this.lead(frame, next);
        if (ends === "branch") this.lead(frame, offset + fields.imm);
        return;
      }
      before = placed;
      offset = next;
    }
  }

  private addPages(first: number, last: number): void {
    const page = Math.floor(first / 4096);
    if (page !== this.page) this.pages.add(page);
    this.page = Math.floor(last / 4096);
    if (page !== this.page) this.pages.add(this.page);
  }

  private follow(frame: Frame, placed: Placed, before: Placed | undefined): void {
    const { offset, instruction } = placed;
    const { fields } = instruction;
    const to = directTarget(placed, before);
    if (fields.rd === RA) this.call(frame, placed, to, frame, offset + instruction.length);
    else if (to !== undefined) this.lead(frame, to);
    else if (isReturn(instruction)) {
      if (frame.caller) this.lead(frame.caller, frame.back);
      // The last thing that a function does: whoever is called returns for it.
    } else if (frame.caller) this.call(frame, placed, undefined, frame.caller, frame.back);
    else for (const choice of this.source.choices(offset)) this.lead(frame, choice);
  }

  /** `caller`, `back`: where it returns to. */
  private call(frame: Frame, { offset }: Placed, to: number | undefined, caller: Frame, back: number): void {
    const found = to === undefined ? this.source.choices(offset) : [to];
    for (const start of found) {
      if (!this.isSmall(start)) continue;
      const inlined = newFrame(caller, back);
      frame.inlined.set(callKey(offset, start), inlined);
      this.lead(inlined, start);
      if (start === to) return;
    }
    if (to !== undefined && this.source.isMapped(to)) this.pages.add(Math.floor(to / 4096));
    frame.calls.add(offset);
    this.lead(caller, back);
  }

  /** A function there is so small that it had better stand where it is called. */
  isSmall(start: number): boolean {
    const seen = new Set<number>();
    const starts = [start];
    for (let offset = starts.pop(); offset !== undefined; offset = starts.pop()) {
      while (!seen.has(offset)) {
        const instruction = this.decodeAt(offset);
        if (!instruction) break;
        seen.add(offset);
        const { row, fields, length } = instruction;
        const { ends } = usesOf(instruction);
        if (seen.size > MOST_INLINED || ends === "leave") return false;
        if (ends === "jump") {
          if (fields.rd === RA) return false;
          if (isDirectJump(row.meaning)) starts.push(offset + fields.imm);
          break;
        }
        if (ends === "branch") starts.push(offset + fields.imm);
        offset += length;
      }
    }
    return seen.size > 0;
  }

  private decodeAt(offset: number): Instruction | undefined {
    let instruction = this.decoded.get(offset);
    if (instruction === undefined) {
      const bits = this.source.fetch(offset);
      instruction = (bits === undefined ? undefined : decode(bits)) ?? null;
      this.decoded.set(offset, instruction);
    }
    return instruction ?? undefined;
  }

  /** The block that begins there, or the offset itself where there is none. */
  private block(frame: Frame, start: number): Target {
    const known = frame.blocks.get(start);
    if (known) return known;
    if (!frame.leaders.has(start) || !frame.code.has(start)) return start;
    const body: Placed[] = [];
    let before: Placed | undefined;
    let offset = start;
    let end: End | undefined;
    while (!end) {
      const placed = frame.code.get(offset);
      if (!placed) {
        end = { kind: "fall", to: offset };
        break;
      }
      end = this.endAt(frame, placed, before);
      if (end) break;
      body.push(placed);
      before = placed;
      offset += placed.instruction.length;
      if (frame.leaders.has(offset)) end = { kind: "fall", to: offset };
    }
    const all = "placed" in end ? [...body, end.placed] : body;
    const block: Block = { index: -1, offset: start, body, end, all };
    frame.blocks.set(start, block);
    this.connect(frame, end);
    return block;
  }

  /** How a block ends with this instruction; undefined where it goes on. */
  private endAt(frame: Frame, placed: Placed, before: Placed | undefined): End | undefined {
    const { offset, instruction, uses } = placed;
    const { ends } = uses;
    if (!ends) return undefined;
    const { fields, length } = instruction;
    if (ends === "branch")
      return { kind: "branch", placed, taken: offset + fields.imm, other: offset + length };
    if (ends === "system") return { kind: "system", placed, back: offset + length };
    if (ends === "leave") return { kind: "leave", offset };
    const to = directTarget(placed, before);
    const found = this.source.choices(offset);
    if (frame.calls.has(offset)) {
      const choices = found.map((to) => ({ offset: to, to }));
      return { kind: "call", placed, to, choices, back: fields.rd === RA ? offset + length : frame.back };
    }
    if (to !== undefined) return { kind: "jump", placed, to };
    const offsets = !isReturn(instruction) ? found : frame.caller ? [frame.back] : [];
    return { kind: "indirect", placed, choices: offsets.map((to) => ({ offset: to, to })) };
  }

  private connect(frame: Frame, end: End): void {
    switch (end.kind) {
      case "fall":
        end.to = this.block(frame, end.to as number);
        break;
      case "jump":
        end.to = this.block(inlinedAt(frame, end.placed, end.to as number) ?? frame, end.to as number);
        break;
      case "branch":
        end.taken = this.block(frame, end.taken as number);
        end.other = this.block(frame, end.other as number);
        break;
      case "system":
        end.back = this.block(frame, end.back as number);
        break;
      case "indirect":
        for (const choice of end.choices)
          choice.to = this.block((isReturn(end.placed.instruction) && frame.caller) || frame, choice.offset);
        end.choices = end.choices.filter(({ to }) => typeof to !== "number");
        break;
      case "call":
        for (const choice of end.choices) {
          const inlined = inlinedAt(frame, end.placed, choice.offset);
          if (inlined) choice.to = this.block(inlined, choice.offset);
        }
        end.choices = end.choices.filter(({ to }) => typeof to !== "number");
        end.back = this.block(
          end.placed.instruction.fields.rd === RA ? frame : (frame.caller as Frame),
          end.back as number,
        );
        break;
    }
  }
}

const callKey = (site: number, to: number) => `${site} ${to}`;

function inlinedAt(frame: Frame, { offset }: Placed, to: number): Frame | undefined {
  return frame.inlined.get(callKey(offset, to));
}

/** Where a jump goes by what stands in the code: by its own immediate, or added to the `auipc` before it. */
function directTarget({ offset, instruction }: Placed, before: Placed | undefined): number | undefined {
  const { row, fields } = instruction;
  if (isDirectJump(row.meaning)) return offset + fields.imm;
  if (before?.instruction.row.name !== "auipc" || before.instruction.fields.rd !== fields.rs1)
    return undefined;
  const to = before.offset + before.instruction.fields.imm + fields.imm;
  return Math.floor(to / 2) * 2;
}

/** Registers are in the hart block at the block's end, and what stands there is all that is known of them behind it. */
export function goesOutside({ end: { kind } }: Block): boolean {
  return kind === "call" || kind === "system" || kind === "entered";
}

export function isReturn({ fields }: Instruction): boolean {
  return fields.rd === 0 && fields.rs1 === RA && fields.imm === 0;
}
