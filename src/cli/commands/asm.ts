import type { Command } from "commander";
import { readHostFile, writeProgram } from "../../host/files.ts";
import { assemble } from "../../isa/assembler/assemble.ts";
import { linkElf } from "../../isa/assembler/elf.ts";
import { cliText } from "../../messages/cli.ts";
import { examples } from "../examples.ts";
import { addressValue } from "../values.ts";

export function configure(command: Command): void {
  command
    .argument("<FILE.S>", cliText.sourceArgument())
    .requiredOption("-o, --output <OUT.elf>", cliText.optionOutput())
    .option("--base <ADDR>", cliText.optionBase(), addressValue("--base"))
    .action(asm);
  examples(
    command,
    "runikraft asm hello.S -o hello.elf",
    "runikraft asm --base 0x80000000 firmware.S -o firmware.elf",
  );
}

function asm(path: string, { output, base }: { output: string; base?: bigint }): void {
  const text = new TextDecoder().decode(readHostFile(path));
  writeProgram(output, linkElf(assemble(text, { file: path }), base === undefined ? {} : { base }));
}
