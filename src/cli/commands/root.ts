import type { Command } from "commander";
import { printOut } from "../../host/process.ts";
import { cliText } from "../../messages/cli.ts";
import { UsageError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";
import { examples } from "../examples.ts";
import { columns } from "../output.ts";
import { addToRoot } from "../root/add.ts";
import { type InstalledPackage, packagesOf } from "../root/list.ts";

export function configure(command: Command): void {
  configureAdd(command.command("add"));
  configureList(command.command("list"));
  command.action(() => {
    const [given] = command.args;
    throw new UsageError(
      given === undefined
        ? cliText.seeHelp(cliText.missingArgument("add | list", "runikraft root"), "runikraft root")
        : rootText.unknownAction(given),
    );
  });
  command.argument("[action]").usage("add | list [options]").allowExcessArguments();
  examples(
    command,
    "runikraft root add ./rootfs bash coreutils python3",
    "runikraft root list ./rootfs",
    "runikraft root add --help",
  );
}

function configureAdd(command: Command): void {
  command
    .summary(rootText.addSummary())
    .description(rootText.addDescription())
    .argument("<DIR>", rootText.directory())
    .argument("<PACKAGE...>", rootText.packages())
    .option("--suite <NAME>", rootText.optionSuite(), suiteValue)
    .option("--mirror <URL>", rootText.optionMirror(), mirrorValue)
    .option("--recommends", rootText.optionRecommends())
    .action(
      (
        directory: string,
        packages: string[],
        options: { suite?: string; mirror?: string; recommends?: boolean },
      ) => {
        for (const name of packages) checkName(name);
        return addToRoot(directory, packages, {
          suite: options.suite,
          mirror: options.mirror,
          recommends: options.recommends ?? false,
        });
      },
    );
  examples(
    command,
    "runikraft root add ./rootfs bash coreutils",
    "runikraft root add --recommends ./rootfs gcc make",
    "runikraft run --root ./rootfs /bin/bash -c 'ls | wc -l'",
  );
}

function configureList(command: Command): void {
  command
    .summary(rootText.listSummary())
    .description(rootText.listSummary())
    .argument("<DIR>", rootText.directory())
    .option("--json", cliText.optionJson())
    .action((directory: string, options: { json?: boolean }) => {
      const packages = packagesOf(directory);
      printOut(options.json ? `${JSON.stringify(packages, undefined, 2)}\n` : table(packages));
    });
  examples(command, "runikraft root list ./rootfs", "runikraft root list ./rootfs --json");
}

function table(packages: readonly InstalledPackage[]): string {
  const header = [rootText.columnPackage(), rootText.columnVersion(), rootText.columnSize()];
  const rows = packages.map((one) => [one.package, one.version, kibibytes(one.size)]);
  const total = packages.reduce((sum, { size }) => sum + size, 0);
  return `${columns([header, ...rows])}${rootText.total(packages.length, kibibytes(total))}\n`;
}

const kibibytes = (bytes: number): string => `${bytes / 1024} KiB`;

/** apt takes other things for packages, too: files, patterns, and `name-` for one that is to go. */
function checkName(name: string): void {
  if (!/^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/.test(name)) throw new UsageError(rootText.badName(name));
}

function suiteValue(text: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(text)) throw new UsageError(rootText.badSuite(text));
  return text;
}

function mirrorValue(text: string): string {
  if (!/^(?:https?|file):\/\/[^\s"]+$/.test(text)) throw new UsageError(rootText.badMirror(text));
  return text.replace(/\/+$/, "");
}
