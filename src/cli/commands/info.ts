import type { Command } from "commander";
import { readHostFile } from "../../host/files.ts";
import { printOut } from "../../host/process.ts";
import { type ElfReport, reportElf } from "../../loader/report.ts";
import { cliText } from "../../messages/cli.ts";
import { hex } from "../../messages/hex.ts";
import { infoText } from "../../messages/info.ts";
import { examples } from "../examples.ts";
import { columns } from "../output.ts";

export function configure(command: Command): void {
  command
    .argument("<ELF>", cliText.elfArgument())
    .option("--json", cliText.optionJson())
    .action(async (path: string, options: { json?: boolean }) => {
      const report = await reportElf(readHostFile(path), path);
      printOut(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report));
    });
  examples(command, "runikraft info hello.elf", "runikraft info --json hello.elf");
}

/** A report as text: what the file is and needs, its segments, its sections. */
export function formatReport(report: ElfReport): string {
  const parts = [`${report.file}\n`, summary(report), `\n${infoText.segments()}\n`, segments(report)];
  if (report.sections.length > 0) parts.push(`\n${infoText.sections()}\n`, sections(report));
  return parts.join("");
}

function summary(report: ElfReport): string {
  const { tls, relro, isa, executableStack } = report;
  const rows: [string, string | undefined][] = [
    [infoText.kind(), report.type === "DYN" ? infoText.relocatable() : infoText.fixed()],
    [infoText.entry(), report.entry],
    [infoText.runsAs(), report.notHosted === undefined ? infoText.hosted() : infoText.bareOnly()],
    [infoText.notHosted(), report.notHosted],
    [infoText.isa(), isa?.extensions.map(({ name, version }) => name + (version ?? "")).join(" ")],
    [infoText.missing(), isa?.missing.join(" ") || undefined],
    [infoText.interpreter(), report.interpreter],
    [infoText.needed(), report.needed.join(" ") || undefined],
    [infoText.runpath(), report.runpath],
    [infoText.soname(), report.soname],
    [infoText.tls(), tls && infoText.tlsSize(tls.memorySize, tls.fileSize, tls.align)],
    [infoText.stack(), executableStack ? infoText.stackExecutable() : infoText.stackPlain()],
    [infoText.relro(), relro && infoText.relroRange(relro.address, relro.size, report.bindNow)],
    [infoText.buildId(), report.buildId],
  ];
  return columns(rows.flatMap(([name, value]) => (value === undefined ? [] : [[`  ${name}`, value]])));
}

function segments(report: ElfReport): string {
  const physical = report.segments.some((one) => one.physicalAddress !== one.address);
  const header = [
    infoText.type(),
    infoText.flags(),
    infoText.offset(),
    infoText.address(),
    ...(physical ? [infoText.physical()] : []),
    infoText.fileSize(),
    infoText.memorySize(),
    infoText.align(),
  ];
  const rows = report.segments.map((one) => [
    one.type,
    one.flags,
    one.offset,
    one.address,
    ...(physical ? [one.physicalAddress] : []),
    hex(one.fileSize),
    hex(one.memorySize),
    hex(one.align),
  ]);
  return columns([header, ...rows].map((row) => ["", ...row]));
}

function sections(report: ElfReport): string {
  const header = [
    infoText.sectionName(),
    infoText.type(),
    infoText.flags(),
    infoText.address(),
    infoText.offset(),
    infoText.size(),
  ];
  const rows = report.sections.map((one) => [
    one.name,
    one.type,
    one.flags,
    one.address,
    one.offset,
    hex(one.size),
  ]);
  return columns([header, ...rows].map((row) => ["", ...row]));
}
