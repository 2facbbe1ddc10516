import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import type { Image } from "./image.ts";
import { PAGE, USER_END } from "./limits.ts";
import { LoadError } from "./refuse.ts";
import { VDSO_SIZE } from "./vdso.ts";

/**
 * Where everything of a program goes in the Sv39 user half (2^38 bytes). Each area slides inside a band of its
 * own, so no two can overlap whatever the random numbers are. GiB from 0:
 *
 *     0 ....... 64 ........... 128 ... 150 ....... 164 ........... 228 ... 233 234  236 ........ 252 .. 256
 *     fixed     PIE base ->    image,   mmap (down from its top)   interp  vDSO      stack top
 *     images    slides up      heap     <- top slides down         -reter            <- slides down
 *
 * The lowest 64 KiB are never mapped. Random bits of each (Linux riscv64 with Sv39 in brackets), drawn in this
 * order, always all of them, each as one 32-bit word of `SeededRandom`:
 *
 *     PIE base            24 bits of pages [24 at most]     fixed by aslr = false: 64 GiB
 *     heap, after image   18 bits of pages [13]             64 KiB after the image
 *     mmap top            24 bits of pages [24 at most]     228 GiB
 *     interpreter         18 bits of pages above mmap top   64 KiB above the mmap top
 *                         [none of its own]
 *     vDSO                18 bits of pages [as mmap]        233 GiB
 *     stack top           22 bits of pages [18]             252 GiB
 *     initial sp          8 bits of 16 bytes [as many]      the stack's last byte
 *     AT_RANDOM           16 bytes                          the same bytes
 */
export interface Layout {
  /** `undefined`: fixed addresses. */
  readonly seed: bigint | undefined;
  /** Added to the image's addresses as linked. */
  readonly base: number;
  readonly image: Area;
  /** Added to the interpreter's addresses as linked: AT_BASE. */
  readonly interpreterBase: number;
  readonly interpreter: Area | undefined;
  /** `start`: the first break. `end`: as far as it may go. */
  readonly heap: Area;
  /** Where `mmap` finds room, from `end` downwards. */
  readonly mmap: Area;
  /** The vDSO: its data page, then its code. */
  readonly vdso: Area;
  readonly stack: Area;
  /** The initial stack is built downwards from here: in the stack's last page, a multiple of 16. */
  readonly stackTop: number;
  /** Never mapped; every access faults. Below the stack, and below and above the heap. */
  readonly guards: readonly (Area & { readonly name: string })[];
  /** The 16 bytes that AT_RANDOM points to. */
  readonly random: Uint8Array;
}

/** Addresses from `start` up to, not including, `end`. */
export interface Area {
  readonly start: number;
  readonly end: number;
}

export interface LayoutOptions {
  /** 64 bits. */
  readonly seed: bigint;
  /** False: fixed addresses; the seed then only gives the AT_RANDOM bytes. */
  readonly aslr: boolean;
  /** Bytes, whole pages, at most 1 GiB. */
  readonly stackSize: number;
}

const GiB = 2 ** 30;
const FIXED_END = 64 * GiB;
const PIE_START = 64 * GiB;
const MMAP_START = 150 * GiB;
const MMAP_END = 228 * GiB;
const VDSO_START = 233 * GiB;
const STACK_END = 252 * GiB;
const HEAP_SIZE = 16 * GiB;
const HEAP_GUARD = 64 * 1024;
const STACK_GUARD = 1024 * 1024;

/** Chooses all addresses. Throws `LoadError` for an image at fixed addresses above 64 GiB. */
export function chooseLayout(image: Image, interpreter: Image | undefined, options: LayoutOptions): Layout {
  const random = new SeededRandom(options.seed);
  const slide = (bits: number, unit = PAGE) => {
    const drawn = random.bits(bits);
    return options.aslr ? drawn * unit : 0;
  };
  if (!image.relocatable && image.end > FIXED_END)
    throw new LoadError(
      loaderMessages.tooBig(image.name, "p_vaddr + p_memsz", hex(image.end), hex(FIXED_END)),
    );
  const base = slideUp(image, PIE_START + slide(24));
  const imageArea = { start: image.start + base, end: image.end + base };
  const heapStart = imageArea.end + HEAP_GUARD + slide(18);
  const heap = { start: heapStart, end: heapStart + HEAP_SIZE };
  const mmapEnd = MMAP_END - slide(24);
  const interpreterBase = slideUp(interpreter, mmapEnd + HEAP_GUARD + slide(18));
  const vdsoStart = VDSO_START + slide(18);
  const stackEnd = STACK_END - slide(22);
  const stackTop = stackEnd - slide(8, 16);
  const stack = { start: stackEnd - options.stackSize, end: stackEnd };
  const layout: Layout = {
    seed: options.aslr ? BigInt.asUintN(64, options.seed) : undefined,
    base,
    image: imageArea,
    interpreterBase,
    interpreter: interpreter && {
      start: interpreter.start + interpreterBase,
      end: interpreter.end + interpreterBase,
    },
    heap,
    mmap: { start: MMAP_START, end: mmapEnd },
    vdso: { start: vdsoStart, end: vdsoStart + VDSO_SIZE },
    stack,
    stackTop,
    guards: [
      { name: "[heap guard]", start: heap.start - HEAP_GUARD, end: heap.start },
      { name: "[heap guard]", start: heap.end, end: heap.end + HEAP_GUARD },
      { name: "[stack guard]", start: stack.start - STACK_GUARD, end: stack.start },
    ],
    random: random.bytes(16),
  };
  checkDisjoint(layout);
  return layout;
}

/** What to add to a relocatable image's addresses so that it starts at `at` or at the next aligned address. */
function slideUp(image: Image | undefined, at: number): number {
  if (!image?.relocatable) return 0;
  const align = Math.max(image.align, PAGE);
  return Math.ceil((at - image.start) / align) * align;
}

/** The bands above make this true; it holds them to it. */
function checkDisjoint(layout: Layout): void {
  const { image, interpreter, heap, mmap, vdso, stack, guards } = layout;
  const areas = [image, heap, mmap, vdso, stack, ...guards, ...(interpreter ? [interpreter] : [])];
  areas.sort((a, b) => a.start - b.start);
  const ends = areas.map((_, i) => areas[i + 1]?.start ?? USER_END);
  if (areas.some((area, i) => area.start < PAGE || area.end <= area.start || area.end > ends[i]))
    throw new RangeError("the areas of a layout overlap");
}
