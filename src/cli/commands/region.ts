import type { Command } from "commander";
import { codeIn } from "../../debug/disassembly.ts";
import { regionAt } from "../../debug/region-view.ts";
import { readSymbolTable, type SymbolTable } from "../../debug/symbols.ts";
import { readHostFile } from "../../host/files.ts";
import { printOut } from "../../host/process.ts";
import { reportElf } from "../../loader/report.ts";
import { cliText } from "../../messages/cli.ts";
import { RefusedError, UsageError } from "../../messages/errors.ts";
import { hex } from "../../messages/hex.ts";
import { regionText } from "../../messages/region.ts";
import { codeRanges } from "../code-ranges.ts";
import { examples } from "../examples.ts";
import { formatDot, formatRegion } from "../region-text.ts";

interface RegionOptions {
  readonly dot?: boolean;
  readonly json?: boolean;
}

export function configure(command: Command): void {
  command
    .argument("<ELF>", cliText.elfArgument())
    .argument("[PLACE]", regionText.place())
    .option("--dot", regionText.optionDot())
    .option("--json", cliText.optionJson())
    .action(region);
  examples(
    command,
    "runikraft region hello.elf",
    "runikraft region hello.elf main | less",
    "runikraft region --dot hello.elf 0x10120 | dot -Tsvg > region.svg",
  );
}

async function region(path: string, place: string | undefined, { dot, json }: RegionOptions): Promise<void> {
  const bytes = readHostFile(path);
  const symbols = await readSymbolTable(bytes, path);
  const address = find(place ?? (await reportElf(bytes, path)).entry, symbols, path);
  const ranges = await codeRanges(bytes, path);
  const symbolize = (at: bigint) => symbols.describe(Number(at));
  const view = regionAt(address, (at) => codeIn(ranges, at), symbolize);
  if (!view) throw new RefusedError(regionText.noRegion(hex(BigInt.asUintN(64, BigInt(address)))));
  if (json) printOut(`${JSON.stringify(view, undefined, 2)}\n`);
  else printOut(dot ? formatDot(view) : formatRegion(view));
}

function find(place: string, symbols: SymbolTable, path: string): number {
  const address = symbols.find(place);
  if (address !== undefined) return address;
  if (!/^(\d+|0[xX][\da-fA-F]+)$/.test(place) || BigInt(place) >= 1n << 64n)
    throw new UsageError(regionText.noPlace(place, path));
  return Number(BigInt.asIntN(64, BigInt(place)));
}
