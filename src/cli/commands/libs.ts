import type { Command } from "commander";
import { printOut } from "../../host/process.ts";
import { type Library, startOrder } from "../../kernel/library.ts";
import { linkLibraries, REGISTER } from "../../machine/libraries.ts";
import { librarySizes } from "../../machine/library-sizes.ts";
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

/** The standard ones in the order in which they start, then those that are linked where a run asks for them. */
async function describe() {
  const standard = startOrder(await linkLibraries());
  const others = await linkLibraries(REGISTER.flatMap(({ name, standard }) => (standard ? [] : [{ name }])));
  return [...standard.map((library) => row(library, true)), ...others.map((library) => row(library, false))];
}

function row({ name, summary, provides, needs, syscalls = [] }: Library, standard: boolean) {
  const names = (apis: readonly { name: string }[]) => apis.map((one) => one.name);
  return {
    name,
    summary: summary(),
    standard,
    provides: names(provides),
    needs: names(needs),
    syscalls: syscalls.length,
    /** Of code; absent where the sources run as they are. */
    bytes: librarySizes[name],
  };
}

function format(rows: Awaited<ReturnType<typeof describe>>): string {
  const header = [
    cliText.columnName(),
    cliText.columnLinked(),
    cliText.columnProvides(),
    cliText.columnNeeds(),
    cliText.columnSyscalls(),
    cliText.columnBytes(),
    cliText.columnSummary(),
  ];
  const cells = rows.map(({ name, standard, provides, needs, syscalls, bytes, summary }) => [
    name,
    standard ? cliText.linkedAlways() : cliText.linkedOnRequest(),
    provides.join(" "),
    needs.join(" "),
    syscalls === 0 ? "" : String(syscalls),
    bytes === undefined ? "" : String(bytes),
    summary,
  ]);
  return columns([header, ...cells]);
}
