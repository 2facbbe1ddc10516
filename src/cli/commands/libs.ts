import type { Command } from "commander";
import { printOut } from "../../host/process.ts";
import { startOrder } from "../../kernel/library.ts";
import { linkLibraries } from "../../machine/libraries.ts";
import { cliText } from "../../messages/cli.ts";
import { examples } from "../examples.ts";
import { columns } from "../output.ts";

export function configure(command: Command): void {
  command.option("--json", cliText.optionJson()).action(async (options: { json?: boolean }) => {
    const rows = await describe();
    printOut(options.json ? `${JSON.stringify(rows, undefined, 2)}\n` : format(rows));
  });
  examples(command, "runikraft libs", "runikraft libs --json");
}

/** In the order in which they start. */
async function describe() {
  const names = (apis: readonly { name: string }[]) => apis.map(({ name }) => name);
  return startOrder(await linkLibraries()).map(({ name, summary, provides, needs, syscalls = [] }) => ({
    name,
    summary: summary(),
    provides: names(provides),
    needs: names(needs),
    syscalls: syscalls.length,
  }));
}

function format(rows: Awaited<ReturnType<typeof describe>>): string {
  const header = [
    cliText.columnName(),
    cliText.columnProvides(),
    cliText.columnNeeds(),
    cliText.columnSyscalls(),
    cliText.columnSummary(),
  ];
  const cells = rows.map(({ name, provides, needs, syscalls, summary }) => [
    name,
    provides.join(" "),
    needs.join(" "),
    syscalls === 0 ? "" : String(syscalls),
    summary,
  ]);
  return columns([header, ...cells]);
}
