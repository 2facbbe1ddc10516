import type { Command } from "commander";
import { disassembleRange } from "../../debug/disassembly.ts";
import { readSymbolTable } from "../../debug/symbols.ts";
import { readHostFile } from "../../host/files.ts";
import { printOut } from "../../host/process.ts";
import { cliText } from "../../messages/cli.ts";
import { codeRanges } from "../code-ranges.ts";
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
