import type { Command } from "commander";
import { type CodeRange, disassembleRange } from "../../debug/disassembly.ts";
import { readSymbolTable } from "../../debug/symbols.ts";
import { readHostFile } from "../../host/files.ts";
import { printOut } from "../../host/process.ts";
import { parseElf, readSections } from "../../loader/elf.ts";
import { SHF } from "../../loader/sections.ts";
import { cliText } from "../../messages/cli.ts";
import { examples } from "../examples.ts";

export function configure(command: Command): void {
  command
    .argument("<ELF>", cliText.elfArgument())
    .option("--no-aliases", cliText.optionNoAliases())
    .action(disasm);
  examples(command, "runikraft disasm hello.elf", "runikraft disasm --no-aliases hello.elf | less");
}

/** Lines are written together: a system call for each would take longer than the work. */
const BATCH = 1 << 16;

async function disasm(path: string, options: { aliases: boolean }): Promise<void> {
  const bytes = readHostFile(path);
  const symbols = await readSymbolTable(bytes, path);
  let text = "";
  for (const range of await codeRanges(bytes, path)) {
    text += `\n${range.name}:\n`;
    for (const line of disassembleRange(range, symbols, !options.aliases)) {
      text += line;
      if (text.length < BATCH) continue;
      printOut(text);
      text = "";
    }
  }
  printOut(text);
}

/** The executable sections; of a file without sections, the executable segments. */
async function codeRanges(bytes: Uint8Array, path: string): Promise<CodeRange[]> {
  const code = (await readSections(bytes, path)).filter(({ flags }) => flags & SHF.execute);
  if (code.length > 0) return code;
  const { segments } = await parseElf(bytes, path, { bare: true });
  return segments
    .filter(({ execute }) => execute)
    .map(({ index, address, bytes }) => ({ name: cliText.segment(index), address, bytes }));
}
