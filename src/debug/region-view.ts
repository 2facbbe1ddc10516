import { EXIT, type Exit, ExitKind, exitsOffset } from "../cpu/jit/cell.ts";
import type { Flow } from "../cpu/jit/flow.ts";
import { type Block, findRegion, type Placed, type Region, type Target } from "../cpu/jit/region.ts";
import { type CodeNotes, translate } from "../cpu/jit/translate.ts";
import { type Access, isWrite, type Webs } from "../cpu/jit/webs.ts";
import { functionTexts, type TextLine } from "../cpu/wasm/text.ts";
import { instructionLength } from "../isa/decode.ts";
import { disassembleBits } from "../isa/disassemble.ts";
import { X_NAMES } from "../isa/registers.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import type { Symbolize } from "./listing.ts";

/** The 16 or 32 bits of the instruction at an address; `undefined` where no code is. */
export type CodeAt = (address: number) => number | undefined;

export interface InstructionView {
  readonly address: number;
  readonly length: 2 | 4;
  readonly bits: number;
  /** As objdump prints it, with a space in place of the tab. */
  readonly text: string;
}

/** Where control goes: to a block, by its number, or out of the region to an address. */
export interface EdgeView {
  /**
   * `choice`: one of the places that a jump to a register was seen to go to, or that a call returns to. `back`: where another
   * region, which is called, returns to, or the hart that does a system instruction. `entry`: where the region is entered
   * besides at its beginning.
   */
  readonly kind: "fall" | "jump" | "taken" | "other" | "choice" | "back" | "entry";
  readonly block: number | undefined;
  readonly address: number;
}

export interface BlockView {
  readonly number: number;
  readonly address: number;
  readonly symbol: string | undefined;
  readonly instructions: readonly InstructionView[];
  readonly edges: readonly EdgeView[];
  /** Control goes on outside of the region behind it: at an address in a register, or with the interpreter. */
  readonly leaves: "register" | "interpreter" | undefined;
  readonly from: readonly number[];
  readonly dominator: number | undefined;
  /** The heads of the loops that it is in, the outermost first; its own number where it is a head. */
  readonly loops: readonly number[];
}

export interface AccessView {
  readonly address: number;
  readonly register: string;
  readonly offset: number;
  readonly writes: boolean;
  /** What is known of the register where the code is written: see `Access`. */
  readonly known: Access["known"];
}

/** Accesses that are checked against one range of memory: see `Web`. */
export interface WebView {
  readonly number: number;
  readonly least: number;
  readonly most: number;
  readonly writes: boolean;
  readonly crosses: boolean;
  readonly accesses: readonly AccessView[];
}

/** A record of where the region is left: see `EXIT`. */
export interface ExitView {
  readonly number: number;
  readonly kind: keyof typeof ExitKind;
  /** Where it goes on; for `indirect` and `return` the jump. */
  readonly address: number;
  /** Instructions that have retired when it is taken, since they were counted last. */
  readonly count: number;
  /** For a miss. */
  readonly web: number | undefined;
}

export interface CodeLine extends TextLine {
  /** The guest's instructions whose code begins here, as addresses. */
  readonly starts: readonly number[];
  /** The exit that is chosen here. */
  readonly exit: number | undefined;
}

/** A region and what it is translated to, as plain data. Addresses are virtual ones. */
export interface RegionView {
  readonly address: number;
  readonly symbol: string | undefined;
  /** Addresses of the pages that its code is in, the entry's first. */
  readonly pages: readonly number[];
  readonly blocks: readonly BlockView[];
  readonly webs: readonly WebView[];
  readonly exits: readonly ExitView[];
  /** Bytes of the module. */
  readonly bytes: number;
  /** The function's parameters and locals: `$a0 i64`. */
  readonly locals: readonly string[];
  readonly code: readonly CodeLine[];
}

/**
 * The region that begins at `address`, found as `--jit=always` does when it gets there for the first time; `undefined` where
 * none begins there.
 */
export function regionAt(address: number, codeAt: CodeAt, symbolize?: Symbolize): RegionView | undefined {
  if (address % 2 !== 0) return undefined;
  const entry = offsetInPage(address);
  const page = address - entry;
  const region = findRegion(entry, {
    isMapped: (offset) => codeAt(page + offset) !== undefined,
    fetch: (offset) => codeAt(page + offset),
    choices: () => [],
  });
  return region && viewRegion(region, page, codeAt, symbolize);
}

/** The 16 or 32 bits at an address of a region that was translated; for the parameters see `Jit.onTranslated`. */
export function translatedCode(
  ram: PhysicalMemory,
  region: Region,
  pages: readonly number[],
  page: number,
): CodeAt {
  const half = (address: number): number | undefined => {
    const physical = pages[region.pages.indexOf(Math.floor(address / 4096) - page)];
    if (physical === undefined) return undefined;
    return ram.arena.u16[(ram.readable(physical) + offsetInPage(address)) / 2];
  };
  return (address) => {
    const low = half(address);
    if (low === undefined || (low & 3) !== 3) return low;
    const high = half(address + 2);
    return high === undefined ? undefined : (high << 16) | low;
  };
}

const offsetInPage = (address: number) => ((address % 4096) + 4096) % 4096;

/** A region whose entry is in the page at this address. */
export function viewRegion(region: Region, page: number, codeAt: CodeAt, symbolize?: Symbolize): RegionView {
  const viewer = new Viewer(page, codeAt, symbolize);
  const notes: CodeNotes = { places: [], locals: new Map() };
  const { bytes, exits, webs } = translate(region, false, notes);
  const [{ parameters, locals, lines }] = functionTexts(bytes, (local) => notes.locals.get(local));
  const address = page + region.entry;
  return {
    address,
    symbol: symbolize?.(BigInt(address)),
    pages: region.pages.map((distance) => page + distance * 4096),
    blocks: viewer.blocks(region.flow),
    webs: viewer.webs(webs),
    exits: exits.map((exit, number) => viewer.exit(exit, number)),
    bytes: bytes.length,
    locals: [...parameters, ...locals].map((type, i) => `$${notes.locals.get(i) ?? i} ${type}`),
    code: viewer.code(lines, notes, exitsOffset(webs.webs.length)),
  };
}

const EXIT_NAMES = Object.keys(ExitKind) as (keyof typeof ExitKind)[];

class Viewer {
  private readonly page: number;
  private readonly codeAt: CodeAt;
  private readonly symbolize: Symbolize | undefined;

  constructor(page: number, codeAt: CodeAt, symbolize: Symbolize | undefined) {
    this.page = page;
    this.codeAt = codeAt;
    this.symbolize = symbolize;
  }

  blocks(flow: Flow): BlockView[] {
    return flow.order.map((block, number) => ({
      number,
      address: this.page + block.offset,
      symbol: this.symbolize?.(BigInt(this.page + block.offset)),
      instructions: block.all.map((placed) => this.instruction(placed)),
      edges: this.edges(block),
      leaves:
        block.end.kind === "indirect" ? "register" : block.end.kind === "leave" ? "interpreter" : undefined,
      from: flow.sources[number],
      dominator: number === 0 ? undefined : flow.dominator[number],
      loops: flow.loops[number],
    }));
  }

  private instruction({ offset }: Placed): InstructionView {
    const address = this.page + offset;
    const bits = (this.codeAt(address) ?? 0) >>> 0;
    const text = disassembleBits(bits, BigInt(address), { symbol: this.symbolize }).replace("\t", " ");
    return { address, length: instructionLength(bits), bits, text };
  }

  private edges({ end }: Block): EdgeView[] {
    const edge = (kind: EdgeView["kind"], to: Target): EdgeView =>
      typeof to === "number"
        ? { kind, block: undefined, address: this.page + to }
        : { kind, block: to.index, address: this.page + to.offset };
    switch (end.kind) {
      case "fall":
      case "jump":
        return [edge(end.kind, end.to)];
      case "branch":
        return [edge("taken", end.taken), edge("other", end.other)];
      case "indirect":
        return end.choices.map(({ to }) => edge("choice", to));
      case "call":
        return [...end.choices.map(({ to }) => edge("choice", to)), edge("back", end.back)];
      case "system":
        return [edge("back", end.back)];
      case "choose":
        return [...end.chosen.map(({ to }) => edge("entry", to)), edge("fall", end.other)];
      case "entered":
        return [edge("fall", end.back)];
      case "leave":
        return [];
    }
  }

  webs({ webs, accesses }: Webs): WebView[] {
    return webs.map((web, number) => ({
      number,
      ...web,
      accesses: [...accesses]
        .filter(([, access]) => access.web === number)
        .map(([placed, { base, offset, node, known }]) => ({
          address: this.page + placed.offset,
          register: X_NAMES[base],
          offset,
          writes: isWrite(node),
          known,
        })),
    }));
  }

  exit({ kind, offset, count, web }: Exit, number: number): ExitView {
    const isMiss = kind === ExitKind.miss;
    const address = this.page + offset;
    return { number, kind: EXIT_NAMES[kind], address, count, web: isMiss ? web : undefined };
  }

  /** `exits`: offset of the first exit's record. */
  code(lines: readonly TextLine[], { places }: CodeNotes, exits: number): CodeLine[] {
    const starts = new Map<number, number[]>();
    for (const { at, placed } of places)
      starts.set(at, [...(starts.get(at) ?? []), this.page + placed.offset]);
    return lines.map((line, i) => ({
      ...line,
      starts: starts.get(line.at) ?? [],
      exit: exitAt(
        lines.slice(Math.max(0, i - 2), i + 2).map(({ text }) => text),
        exits,
      ),
    }));
  }
}

/** The exit that is chosen by the last but one of four lines: by the offset of its record from the first one, or by its address. */
function exitAt([before, constant, line, next]: readonly string[], exits: number): number | undefined {
  const value = Number(constant?.match(/^i32\.const (\d+)$/)?.[1]);
  if (line === "local.set $exit") return value / EXIT.size;
  const isAddress = line === "i32.add" && before === "local.get $cell" && next !== "local.get $exit";
  return isAddress && value >= exits ? (value - exits) / EXIT.size : undefined;
}
