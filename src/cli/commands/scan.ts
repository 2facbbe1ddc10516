import type { Command } from "commander";
import type { ScanResult } from "../../debug/scan/scan.ts";
import { scanProgram } from "../../debug/scan/scan.ts";
import { readHostFile } from "../../host/files.ts";
import { printOut } from "../../host/process.ts";
import { RootTree } from "../../host/root-tree.ts";
import { syscallName } from "../../kernel/syscalls/table.ts";
import { type Proposal, proposeLibraries } from "../../machine/composition/propose.ts";
import { cliText } from "../../messages/cli.ts";
import { RefusedError, UsageError } from "../../messages/errors.ts";
import { hex } from "../../messages/hex.ts";
import { scanText } from "../../messages/scan.ts";
import { examples } from "../examples.ts";
import { columns, say } from "../output.ts";

interface ScanOptions {
  readonly root?: string;
  readonly with?: readonly string[];
  readonly json?: boolean;
  readonly runikraftfile?: boolean;
}

export function configure(command: Command): void {
  command
    .argument("<ELF>", cliText.elfArgument())
    .option("--root <DIR>", scanText.optionRoot())
    .option("--with <FILE>", scanText.optionWith(), (file: string, before: readonly string[] = []) => [
      ...before,
      file,
    ])
    .option("--json", cliText.optionJson())
    .option("--runikraftfile", scanText.optionRunikraftfile())
    .action(scan);
  examples(
    command,
    "runikraft scan hello.elf",
    "runikraft scan --root ./rootfs /usr/bin/bash",
    "runikraft scan --root ./rootfs --runikraftfile /usr/bin/sqlite3 > Runikraftfile",
  );
}

async function scan(path: string, options: ScanOptions): Promise<void> {
  if (options.json && options.runikraftfile) throw new UsageError(scanText.oneForm());
  const tree = options.root === undefined ? undefined : new RootTree(options.root);
  const inTree = (file: string) => (file.startsWith("/") ? tree?.read(file) : undefined);
  const bytes = inTree(path) ?? readHostFile(path);
  const opened = options.with ?? [];
  for (const file of opened) if (!inTree(file)) throw new RefusedError(scanText.noFile(file));
  const result = await scanProgram({ program: { path, bytes }, opened }, { read: inTree });
  const proposal = await proposeLibraries(result.syscalls.map(({ number }) => number));
  if (options.json) {
    const unsupported = proposal.unsupported.map(syscallName);
    printOut(`${JSON.stringify({ ...result, libraries: proposal.libraries, unsupported }, undefined, 2)}\n`);
  } else if (options.runikraftfile) {
    printOut(runikraftfile(path, options.root, result, proposal));
    if (!isComplete(result)) say(scanText.incomplete());
  } else printOut(format(result, proposal));
}

/** Whether the program is known to make no other calls. */
function isComplete({ undecided, missing, openers }: ScanResult): boolean {
  return undecided.length === 0 && missing.length === 0 && openers.length === 0;
}

function format(result: ScanResult, { libraries, unsupported }: Proposal): string {
  const { files, syscalls, undecided, missing, openers } = result;
  const parts = [
    `${scanText.files()}\n`,
    columns(
      files.map(({ file, reached, functions }) => [
        `  ${file}`,
        scanText.reached(String(reached), String(functions)),
      ]),
    ),
    `\n${scanText.calls(String(syscalls.length))}\n`,
    columns(syscalls.map(({ number, name, by }) => [`  ${String(number).padStart(3)}`, name, by.join(", ")])),
  ];
  const section = (title: string, rows: readonly (readonly string[])[]) => {
    if (rows.length > 0)
      parts.push(`\n${title}\n`, columns(rows.map(([first, ...rest]) => [`  ${first}`, ...rest])));
  };
  section(
    scanText.undecided(String(undecided.length)),
    undecided.map(({ file, address, symbol, why }) => [file, hex(address), symbol ?? "", why]),
  );
  section(
    scanText.missing(),
    missing.map(({ file, library }) => [library, scanText.neededBy(file)]),
  );
  section(
    scanText.openers(),
    openers.map((file) => [file]),
  );
  section(
    scanText.unsupported(),
    unsupported.map((number) => [syscallName(number)]),
  );
  section(scanText.libraries(), [[libraries.join(" ")]]);
  return parts.join("");
}

/** A Runikraftfile for the program. */
function runikraftfile(
  path: string,
  root: string | undefined,
  result: ScanResult,
  { libraries, unsupported }: Proposal,
): string {
  const comment = (text: string) => `# ${text}\n`;
  return [
    comment(scanText.fileMadeFrom(path)),
    result.undecided.length > 0 ? comment(scanText.fileUndecided(String(result.undecided.length))) : "",
    result.openers.length > 0 ? comment(scanText.fileOpeners(result.openers.join(" "))) : "",
    unsupported.length > 0 ? comment(scanText.fileUnsupported(unsupported.map(syscallName).join(" "))) : "",
    `program: ${JSON.stringify(path)}\n`,
    root === undefined ? "" : `root: ${JSON.stringify(root)}\n`,
    "libraries:\n",
    ...libraries.map((name) => `  - ${name}\n`),
  ].join("");
}
