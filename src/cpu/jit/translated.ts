import type { Exit } from "./cell.ts";
import { compiled } from "./modules.ts";
import type { Region } from "./region.ts";
import { translate } from "./translate.ts";
import type { Web } from "./webs.ts";

/** What has to be known of a region to run it: plain data, which another thread may have made. */
export interface Translated extends Pick<Region, "entry" | "entries" | "pages"> {
  /** With one function, `region`. */
  readonly module: WebAssembly.Module;
  readonly exits: readonly Exit[];
  readonly webs: readonly Web[];
  /** See `Translation`. */
  readonly floats: boolean;
  readonly isCommon: boolean;
  /** Instructions of the guest, and bytes of WebAssembly. */
  readonly instructions: number;
  readonly bytes: number;
}

/** `wide`: see `findWebs`. */
export function translated(region: Region, isCommon: boolean, wide: readonly number[]): Translated {
  const { entry, entries, pages, flow } = region;
  const { bytes, exits, webs, floats } = translate(region, isCommon, undefined, wide);
  return {
    entry,
    entries,
    pages,
    module: compiled(bytes),
    exits,
    webs: webs.webs,
    floats,
    isCommon,
    instructions: flow.order.reduce((sum, { all }) => sum + all.length, 0),
    bytes: bytes.length,
  };
}
