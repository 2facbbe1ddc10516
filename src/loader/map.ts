import { hex } from "../messages/hex.ts";
import { loaderMessages } from "../messages/loader.ts";
import type { Image, Protection, Segment } from "./image.ts";
import { PAGE, pageDown, pageUp } from "./limits.ts";
import { LoadError } from "./refuse.ts";
import type { MappingTarget } from "./target.ts";

/** Bytes copied at once. */
const COPIED = 16 * PAGE;

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
 * Maps an image's segments at `base`: as private pages of its file, brought in when touched, and zeroed memory behind
 * them. RELRO stays writable: the program's startup code relocates it and then makes it read-only itself.
 */
export function mapImage(target: MappingTarget, image: Image, base: number, allowWx: boolean): void {
  for (const run of pageRuns(image, allowWx)) {
    const segments = image.segments.filter(
      ({ address, memorySize }) => address < run.end && address + memorySize > run.start,
    );
    const [first] = segments;
    // Where bytes do not stand in memory as in pages of the file, they are copied.
    const isPaged = segments.length === 1 && (first.offset - first.address) % PAGE === 0;
    if (isPaged) mapPages(target, image, first, run, base);
    else {
      target.map(base + run.start, run.end - run.start, run, image.name);
      for (const segment of segments) copyBytes(target, image, segment, run, base);
    }
  }
}

/** As Linux does: the pages that the file gives some of, and zeros from where it ends. */
function mapPages(target: MappingTarget, image: Image, segment: Segment, run: PageRun, base: number): void {
  const { start, end } = run;
  const { address, fileSize, memorySize, offset } = segment;
  const fileEnd = address + fileSize;
  const paged = fileSize === 0 ? start : Math.min(end, Math.max(start, pageUp(fileEnd)));
  if (paged > start)
    target.mapFile(base + start, paged - start, run, image.name, image.file, offset + (start - address));
  if (end > paged) target.map(base + paged, end - paged, run, image.name);
  if (memorySize > fileSize && fileEnd > start && fileEnd < paged)
    target.write(base + fileEnd, new Uint8Array(paged - fileEnd));
}

function copyBytes(target: MappingTarget, image: Image, segment: Segment, run: PageRun, base: number): void {
  const start = Math.max(segment.address, run.start);
  const end = Math.min(segment.address + segment.fileSize, run.end);
  for (let at = start; at < end; at += COPIED) {
    const from = segment.offset + (at - segment.address);
    target.write(base + at, image.file.read(from, Math.min(COPIED, end - at)));
  }
}

function writableCode(image: Image, segment: Segment): LoadError {
  const flags = `${segment.read ? "R" : ""}WX`;
  const field = loaderMessages.ofSegment("p_flags", segment.index);
  return new LoadError(loaderMessages.writableCode(image.name, field, flags));
}
