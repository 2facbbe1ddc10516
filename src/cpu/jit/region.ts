import { decode, instructionLength } from "../../isa/decode.ts";
import type { Instruction } from "../../isa/row.ts";
import { isDirectJump } from "../wasm/variants.ts";
import { analyseFlow, type Flow } from "./flow.ts";
import { usesOf } from "./uses.ts";

/**
 * A region: the control-flow graph that is translated as one function. Its code is found by following jumps from a hot
 * entry, across pages, and into the functions that it calls. Places are offsets from the entry's virtual page, so that a
 * region means the same wherever the address space has it.
 */
export interface Region {
  /** Offset of the entry from its page. */
  readonly entry: number;
  readonly flow: Flow;
  /** Virtual pages that its instructions stand in, as distances from the entry's page; 0 is the first. */
  readonly pages: readonly number[];
}

export interface Placed {
  readonly offset: number;
  readonly instruction: Instruction;
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
  /** The instruction there is the interpreter's. */
  | { readonly kind: "leave"; readonly offset: number };

export interface Choice {
  readonly offset: number;
  to: Target;
}

/** Instructions in the region at most: the compiler's time grows with it, and so do interrupts wait. */
export const LARGEST_REGION = 400;
const MOST_BLOCKS = 80;
/** A function is followed into itself while the region is smaller than this. */
const SMALL_RECURSION = 120;
/** Calls that are followed into, one inside the other. */
const CALL_DEPTH = 3;
const RA = 1;

/** What is known of the code. */
export interface Source {
  /** The instruction at an offset, as memory has it; undefined where it is not worth translating or cannot be fetched. */
  fetch(offset: number): number | undefined;
  /** Where the jump to a register at an offset was seen to go. */
  choices(offset: number): readonly number[];
}

/** A function that the region is inside of: calls of the same one from two places are two. */
interface Frame {
  readonly entry: number;
  readonly depth: number;
  readonly caller: Frame | undefined;
  /** Where a return goes, in `caller`. */
  readonly back: number;
  readonly callees: Map<string, Frame>;
  readonly code: Map<number, Placed>;
  readonly leaders: Set<number>;
  readonly blocks: Map<number, Block>;
}

const newFrame = (entry: number, caller: Frame | undefined, back: number): Frame => ({
  entry,
  depth: caller ? caller.depth + 1 : 0,
  caller,
  back,
  callees: new Map(),
  code: new Map(),
  leaders: new Set(),
  blocks: new Map(),
});

/** Finds the region that begins at `entry`; undefined where its first instruction is the interpreter's. */
export function findRegion(entry: number, source: Source): Region | undefined {
  return new Finder(source).find(entry);
}

class Finder {
  private readonly source: Source;
  private readonly queue: { frame: Frame; offset: number }[] = [];
  private instructions = 0;
  private starts = 0;
  private readonly pages = new Set<number>([0]);

  constructor(source: Source) {
    this.source = source;
  }

  find(entry: number): Region | undefined {
    const root = newFrame(entry, undefined, 0);
    this.lead(root, entry);
    for (let next = this.queue.shift(); next; next = this.queue.shift())
      this.explore(next.frame, next.offset);
    const first = this.block(root, entry);
    if (typeof first === "number" || (first.body.length === 0 && first.end.kind === "leave"))
      return undefined;
    return { entry, flow: analyseFlow(first), pages: [...this.pages] };
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
    for (let offset = start; !frame.code.has(offset); ) {
      if (this.instructions >= LARGEST_REGION) return;
      const placed = this.decodeAt(offset);
      if (!placed) return;
      frame.code.set(offset, placed);
      this.instructions++;
      const { row, fields, length } = placed.instruction;
      const next = offset + length;
      if (row.meaning.kind === "branch") {
        this.lead(frame, next);
        this.lead(frame, offset + fields.imm);
        return;
      }
      if (row.meaning.kind === "jump") {
        this.follow(frame, placed, next);
        return;
      }
      if (!isTranslated(placed.instruction)) return;
      offset = next;
    }
  }

  private follow(frame: Frame, { offset, instruction }: Placed, next: number): void {
    const { row, fields } = instruction;
    if (isDirectJump(row.meaning)) {
      if (fields.rd === 0) this.lead(frame, offset + fields.imm);
      else if (fields.rd === RA) this.call(frame, offset, offset + fields.imm, next);
      return;
    }
    if (isReturn(instruction)) {
      if (frame.caller) this.lead(frame.caller, frame.back);
      return;
    }
    for (const choice of this.source.choices(offset)) {
      if (fields.rd === RA) this.call(frame, offset, choice, next);
      else this.lead(frame, choice);
    }
  }

  private call(frame: Frame, site: number, to: number, next: number): void {
    if (frame.depth >= CALL_DEPTH) return;
    if (this.instructions > SMALL_RECURSION)
      for (let at: Frame | undefined = frame; at; at = at.caller) if (at.entry === to) return;
    const callee = newFrame(to, frame, next);
    frame.callees.set(calleeKey(site, to), callee);
    this.lead(callee, to);
  }

  private decodeAt(offset: number): Placed | undefined {
    const bits = this.source.fetch(offset);
    const instruction = bits === undefined ? undefined : decode(bits);
    if (bits === undefined || !instruction) return undefined;
    this.pages.add(Math.floor(offset / 4096));
    this.pages.add(Math.floor((offset + instructionLength(bits) - 1) / 4096));
    return { offset, instruction };
  }

  /** The block that begins there, or the offset itself where there is none. */
  private block(frame: Frame, start: number): Target {
    const known = frame.blocks.get(start);
    if (known) return known;
    if (!frame.leaders.has(start) || !frame.code.has(start)) return start;
    const body: Placed[] = [];
    let offset = start;
    let end: End | undefined;
    while (!end) {
      const placed = frame.code.get(offset);
      if (!placed) {
        end = { kind: "leave", offset };
        break;
      }
      end = this.endAt(frame, placed);
      if (end) break;
      body.push(placed);
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
  private endAt(frame: Frame, placed: Placed): End | undefined {
    const { offset, instruction } = placed;
    const { row, fields, length } = instruction;
    if (row.meaning.kind === "branch")
      return { kind: "branch", placed, taken: offset + fields.imm, other: offset + length };
    if (row.meaning.kind !== "jump") return isTranslated(instruction) ? undefined : { kind: "leave", offset };
    if (isDirectJump(row.meaning)) return { kind: "jump", placed, to: offset + fields.imm };
    const offsets = !isReturn(instruction) ? this.source.choices(offset) : frame.caller ? [frame.back] : [];
    return { kind: "indirect", placed, choices: offsets.map((to) => ({ offset: to, to })) };
  }

  private connect(frame: Frame, end: End): void {
    switch (end.kind) {
      case "fall":
        end.to = this.block(frame, end.to as number);
        break;
      case "jump":
        end.to = this.called(frame, end.placed, end.to as number);
        break;
      case "branch":
        end.taken = this.block(frame, end.taken as number);
        end.other = this.block(frame, end.other as number);
        break;
      case "indirect":
        for (const choice of end.choices)
          choice.to =
            isReturn(end.placed.instruction) && frame.caller
              ? this.block(frame.caller, choice.offset)
              : this.called(frame, end.placed, choice.offset);
        end.choices = end.choices.filter(({ to }) => typeof to !== "number");
        break;
    }
  }

  /** What a jump goes to: in a frame of its own where it is a call. */
  private called(frame: Frame, { offset }: Placed, to: number): Target {
    return this.block(frame.callees.get(calleeKey(offset, to)) ?? frame, to);
  }
}

const calleeKey = (site: number, to: number) => `${site} ${to}`;

/** Not left to the interpreter: neither a system instruction nor one that needs a call. */
function isTranslated({ row }: Instruction): boolean {
  const { meaning } = row;
  return meaning.kind !== "system" && !usesOf(row).needsCall;
}

export function isReturn({ fields }: Instruction): boolean {
  return fields.rd === 0 && fields.rs1 === RA && fields.imm === 0;
}
