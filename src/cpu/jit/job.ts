import { Handler, SLOT_SIZE } from "../slots.ts";
import type { Exit } from "./cell.ts";
import { compileNow } from "./modules.ts";
import { findRegion, type Source } from "./region.ts";
import { type Translated, translated } from "./translated.ts";

/**
 * A region that is to be translated beside the guest: plain data that can be sent to another thread. The code is read where
 * it stands, in the machine's shared memory; whoever asked has to find out whether it has stayed the same meanwhile.
 */
export interface Job {
  readonly id: number;
  /** Offset of the region's first instruction from its page. */
  readonly entry: number;
  /** See `Translation`. */
  readonly isCommon: boolean;
  readonly pages: readonly JobPage[];
  /** By the offset of a jump to a register, the offsets that it was seen to go to. */
  readonly choices: readonly (readonly [site: number, targets: readonly number[]])[];
  /** Offsets of accesses of wide webs. */
  readonly wide: readonly number[];
  /** There will be no other try: what is missing is not known. */
  readonly isLast: boolean;
}

export interface JobPage {
  /** Distance from the entry's page, in virtual pages. */
  readonly distance: number;
  /** Code can be in it. */
  readonly isMapped: boolean;
  /** Linear addresses of what it holds, and of its decoded slots. 0: nothing of it is worth translating. */
  readonly frame: number;
  readonly slots: number;
}

/** What became of a job. */
export interface Answer {
  readonly id: number;
  /** Distances of pages that have to be known first: the job is to be asked for again with them. */
  readonly missing: readonly number[];
  /** `undefined`: there was nothing to translate. */
  readonly translated: Packed | undefined;
  /** Time that it took. */
  readonly milliseconds: number;
}

/** With the exits' numbers one after the other: sending them as objects takes longer than all the rest. */
type Packed = Omit<Translated, "exits"> & { readonly exits: Float64Array };

/** Does a job. `memory`: the machine's linear memory. */
export function answer(job: Job, memory: ArrayBufferLike): Answer {
  const started = performance.now();
  const missing = new Set<number>();
  const region = findRegion(job.entry, sourceOf(job, memory, missing));
  const isReady = missing.size === 0 || job.isLast;
  return {
    id: job.id,
    missing: isReady ? [] : [...missing],
    translated: isReady && region ? packed(translated(region, job.isCommon, job.wide)) : undefined,
    milliseconds: performance.now() - started,
  };
}

function packed(code: Translated): Packed {
  compileNow(code.module);
  const exits: number[] = [];
  for (const { offset, count, kind, web } of code.exits) exits.push(offset, count, kind, web);
  return { ...code, exits: new Float64Array(exits) };
}

export function unpacked(code: Packed): Translated {
  const { exits: all } = code;
  const exits: Exit[] = [];
  for (let i = 0; i < all.length; i += 4)
    exits.push({ offset: all[i], count: all[i + 1], kind: all[i + 2], web: all[i + 3] });
  return { ...code, exits };
}

/** Notes in `missing` what is asked for and is in no page of the job. */
function sourceOf({ pages, choices }: Job, memory: ArrayBufferLike, missing: Set<number>): Source {
  const u16 = new Uint16Array(memory);
  const u32 = new Uint32Array(memory);
  const byDistance = new Map(pages.map((page) => [page.distance, page]));
  const targets = new Map(choices);
  const pageOf = (offset: number): JobPage | undefined => {
    const distance = Math.floor(offset / 4096);
    const page = byDistance.get(distance);
    if (!page) missing.add(distance);
    return page;
  };
  return {
    isMapped: (offset) => pageOf(offset)?.isMapped ?? false,
    fetch: (offset) => {
      const page = pageOf(offset);
      if (!page || page.frame === 0) return undefined;
      const within = offset & 0xffe;
      // What was never reached is not worth its while.
      if (u32[(page.slots + within * (SLOT_SIZE / 2)) / 4] === Handler.undecoded) return undefined;
      const low = u16[(page.frame + within) / 2];
      if ((low & 3) !== 3) return low;
      const last = within === 0xffe ? pageOf(offset + 2) : page;
      if (!last || last.frame === 0) return undefined;
      return (u16[(last.frame + ((offset + 2) & 0xffe)) / 2] << 16) | low;
    },
    choices: (offset) => targets.get(offset) ?? [],
  };
}
