import type { CodeRange } from "../debug/disassembly.ts";
import { parseElf, readSections } from "../loader/elf.ts";
import { SHF } from "../loader/sections.ts";
import { cliText } from "../messages/cli.ts";

/** The executable sections of an ELF file; of one without sections, the executable segments. Rejects with `LoadError`. */
export async function codeRanges(bytes: Uint8Array, path: string): Promise<CodeRange[]> {
  const code = (await readSections(bytes, path)).filter(({ flags }) => flags & SHF.execute);
  if (code.length > 0) return code;
  const { segments } = await parseElf(bytes, path, { bare: true });
  return segments
    .filter(({ execute }) => execute)
    .map(({ index, address, bytes }) => ({ name: cliText.segment(index), address, bytes }));
}
