import { assemble } from "../../isa/assembler/assemble.ts";
import { findRegion, type Region } from "./region.ts";

/** The region at the beginning of a program, in which no instruction is compressed. */
export function regionOf(source: string): Region {
  const section = assemble(`.option norvc\n${source}`).sections.find(({ name }) => name === ".text");
  const bytes = section?.bytes ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const region = findRegion(0, {
    isMapped: () => true,
    fetch: (offset) => (offset >= 0 && offset < bytes.length ? view.getInt32(offset, true) : undefined),
    choices: () => [],
  });
  if (!region) throw new Error("nothing to translate");
  return region;
}
