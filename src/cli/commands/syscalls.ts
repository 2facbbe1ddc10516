import type { Command } from "commander";
import { printOut } from "../../host/process.ts";
import type { Support } from "../../kernel/syscalls/row.ts";
import { type SyscallSupport, syscallTable } from "../../kernel/syscalls/table.ts";
import { linkLibraries } from "../../machine/libraries.ts";
import { cliText } from "../../messages/cli.ts";
import { examples } from "../examples.ts";
import { columns } from "../output.ts";

export function configure(command: Command): void {
  command.option("--json", cliText.optionJson()).action(async (options: { json?: boolean }) => {
    const entries = syscallTable(await linkLibraries());
    printOut(options.json ? `${JSON.stringify(entries, undefined, 2)}\n` : formatEntries(entries));
  });
  examples(command, "runikraft syscalls", "runikraft syscalls --json");
}

function formatEntries(entries: readonly SyscallSupport[]): string {
  const header = [
    cliText.columnNumber(),
    cliText.columnName(),
    cliText.columnLibrary(),
    cliText.columnSupport(),
    cliText.columnNote(),
  ];
  const rows = entries.map(({ number, name, library, support, note }) => [
    String(number).padStart(3),
    name,
    library,
    support,
    note,
  ]);
  const count = (support: Support) => entries.filter((entry) => entry.support === support).length;
  const summary = cliText.syscallCount(entries.length, count("full"), count("partial"), count("stub"));
  return `${columns([header, ...rows])}${summary}\n`;
}
