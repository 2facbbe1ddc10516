import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import type { Image, Protection, Segment } from "./image.ts";
import { pageDown, pageUp } from "./limits.ts";
import { LoadError } from "./refuse.ts";
import type { MappingTarget } from "./target.ts";

/** Whole pages with one protection. */
export interface PageRun extends Protection {
  readonly start: number;
  readonly end: number;
}

/**
 * The pages of an image, in address order, as linked. A page that two segments share gets the permissions of both,
 * unless that makes it writable and executable: then the image is refused, as is a segment that asks for both.
 * `allowWx` lets both through. What can be written can be read (Sv39 has no write-only page).
 */
export function pageRuns(image: Image, allowWx: boolean): PageRun[] {
  const runs: PageRun[] = [];
  for (const segment of image.segments) {
    const start = pageDown(segment.address);
    const end = pageUp(segment.address + segment.memorySize);
    const own = { read: segment.read || segment.write, write: segment.write, execute: segment.execute };
    if (own.write && own.execute && !allowWx) throw writableCode(image, segment);
    const last = runs[runs.length - 1];
    if (!last || last.end <= start) {
      runs.push({ start, end, ...own });
      continue;
    }
    const shared = {
      read: last.read || own.read,
      write: last.write || own.write,
      execute: last.execute || own.execute,
    };
    if (shared.write && shared.execute && !allowWx)
      throw new LoadError(loaderMessages.sharedPage(image.name, segment.index, hex(start)));
    runs.pop();
    if (last.start < start) runs.push({ ...last, end: start });
    runs.push({ start, end: last.end, ...shared });
    if (end > last.end) runs.push({ start: last.end, end, ...own });
  }
  return runs;
}

/**
 * Maps an image's segments at `base` and copies their bytes; the rest of their memory is zero. RELRO stays
 * writable: the program's startup code relocates it and then makes it read-only itself.
 */
export function mapImage(target: MappingTarget, image: Image, base: number, allowWx: boolean): void {
  for (const { start, end, read, write, execute } of pageRuns(image, allowWx))
    target.map(base + start, end - start, { read, write, execute }, image.name);
  for (const segment of image.segments) target.write(base + segment.address, segment.bytes);
}

function writableCode(image: Image, segment: Segment): LoadError {
  const flags = `${segment.read ? "R" : ""}WX`;
  const field = loaderMessages.ofSegment("p_flags", segment.index);
  return new LoadError(loaderMessages.writableCode(image.name, field, flags));
}
