import type { Command } from "commander";
import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { StandardConsole } from "../../host/console.ts";
import { openLog } from "../../host/files.ts";
import { printErr } from "../../host/process.ts";
import type { ExitStatus } from "../../kernel/rkprocess/exit.ts";
import type { LibraryCost } from "../../machine/composition/costs.ts";
import type { HostedMachine } from "../../machine/hosted.ts";
import { cliText } from "../../messages/cli.ts";
import { compositionText } from "../../messages/composition.ts";
import { UsageError } from "../../messages/errors.ts";
import { regionText } from "../../messages/region.ts";
import { banner } from "../banner.ts";
import { examples } from "../examples.ts";
import { type Guest, type GuestOptions, guestOptions, prepareGuest } from "../guest.ts";
import { STOPPED_AT_LIMIT, say } from "../output.ts";
import { jitStatsText, statsData, statsText } from "../stats.ts";
import { countValue, jitValue } from "../values.ts";

interface RunOptions extends GuestOptions {
  /** A Runikraftfile, or the directory of one. */
  readonly file?: string;
  /** A file; empty: stderr. */
  readonly strace?: string;
  readonly trace?: string;
  readonly maxInstructions?: number;
  readonly stats?: boolean;
  readonly jitStats?: boolean;
  /** A directory. */
  readonly jitDump?: string;
  readonly json?: boolean;
  readonly banner?: boolean;
  readonly verbose?: boolean;
}

export function configure(command: Command): void {
  guestOptions(command, "[ELF]")
    .option("-f, --file <FILE>", compositionText.optionFile())
    .option("--strace [FILE]", cliText.optionStrace())
    .option("--trace [FILE]", cliText.optionTrace())
    .option("--max-instructions <N>", cliText.optionMaxInstructions(), countValue("--max-instructions"))
    .option("--jit <off|on|always>", cliText.optionJit(), jitValue)
    .option("--deterministic", cliText.optionDeterministic())
    .option("--stats", cliText.optionStats())
    .option("--jit-stats", cliText.optionJitStats())
    .option("--jit-dump <DIR>", regionText.optionDump())
    .option("--json", cliText.optionStatsJson())
    .option("--banner", cliText.optionBanner())
    .option("--verbose", cliText.optionVerbose())
    .action(runCommand);
  examples(
    command,
    "runikraft run hello.elf",
    "runikraft run --root ./rootfs /bin/busybox ls -l /",
    "runikraft run --mount ./data:/data:rw --cwd /data busybox sh",
    "runikraft run -f ./Runikraftfile",
    "runikraft run --jit always --jit-dump ./regions --jit-stats hello.elf",
    "runikraft run --strace=calls.txt --aslr-seed 7 program --its-own-option",
  );
}

async function runCommand(
  file: string | undefined,
  args: readonly string[],
  options: RunOptions,
): Promise<void> {
  if (options.file !== undefined) {
    const { readRun } = await import("../composition.ts");
    const given = file === undefined ? [] : [file, ...args];
    const composed = await readRun(options.file, given, options);
    await run(composed.program, composed.args, { ...options, ...composed.options });
  } else if (file !== undefined) await run(file, args, options);
  else
    throw new UsageError(cliText.seeHelp(cliText.missingArgument("ELF", "runikraft run"), "runikraft run"));
}

const mebibytes = (pages: number): number => Math.round((pages * PAGE_SIZE) / 2 ** 20);

async function run(file: string, args: readonly string[], options: RunOptions): Promise<void> {
  if (options.json && !options.stats && !options.jitStats) throw new UsageError(cliText.jsonNeedsStats());
  const guest = prepareGuest(file, args, options);
  const strace = openLine(options.strace);
  const trace = openLine(options.trace);
  const console = new StandardConsole();
  let machine: HostedMachine | undefined;
  try {
    machine = await guest.create({
      console,
      ...(strace && { strace: (line: string) => strace.write(`${line}\n`) }),
    });
    machine.events.on("outOfMemory", ({ pid, name, resident, total }) =>
      say(cliText.outOfMemory(pid, name, mebibytes(resident), mebibytes(total))),
    );
    if (options.verbose) machine.events.on("unsupported", (name) => say(cliText.unsupportedCall(name)));
    const costs = options.banner || options.stats ? await costsOf(machine, options) : [];
    if (options.banner) say(banner(machine, costs));
    if (options.jitDump !== undefined) await dumpRegions(machine, guest, options.jitDump);
    const started = performance.now();
    const outcome = await execute(machine, guest, options, trace);
    const seconds = (performance.now() - started) / 1000;
    await machine.close();
    // The terminal is as it was before anything of ours is written to it.
    console.close();
    process.exitCode = await report(machine, guest, outcome, options);
    sayFigures(machine, seconds, costs, options);
  } finally {
    console.close();
    strace?.close();
    trace?.close();
    await machine?.close();
  }
}

/** What `--stats` and `--jit-stats` ask for. */
function sayFigures(
  machine: HostedMachine,
  seconds: number,
  costs: readonly LibraryCost[],
  { stats, jitStats, json }: RunOptions,
): void {
  const jit = machine.board.hart.engine.jit?.stats;
  if (json) {
    const data = { ...(stats && statsData(machine, seconds, costs)), ...(jitStats && { jit: jit ?? null }) };
    printErr(`${JSON.stringify(data)}\n`);
    return;
  }
  if (stats) say(statsText(machine, seconds, costs));
  if (jitStats) say(jitStatsText(jit));
}

/** Has each region written to a file when it is translated. */
async function dumpRegions(machine: HostedMachine, guest: Guest, directory: string): Promise<void> {
  const { hostedSymbols, symbolizer } = await import("../../debug/hosted-target.ts");
  const { RegionDump } = await import("../region-dump.ts");
  const dump = new RegionDump(directory, symbolizer(await hostedSymbols(machine, guest.elf)));
  dump.watch(machine.board.hart.engine.jit, machine.board.ram);
}

/** What each linked library costs. Loaded when asked for: it holds the sizes of all that there are. */
async function costsOf({ kernel }: HostedMachine, { own = [] }: RunOptions): Promise<LibraryCost[]> {
  const { libraryCosts } = await import("../../machine/composition/costs.ts");
  return libraryCosts(kernel, Object.fromEntries(own.map(({ library, bytes }) => [library.name, bytes])));
}

/** A log on stderr or in a file; `undefined` where the option was not given. */
function openLine(target: string | undefined) {
  if (target === undefined) return undefined;
  return target === "" ? { write: printErr, close: () => {} } : openLog(target);
}

async function execute(
  machine: HostedMachine,
  guest: Guest,
  { maxInstructions }: RunOptions,
  trace: { write(text: string): void } | undefined,
): Promise<ExitStatus | undefined> {
  const { hart } = machine.board;
  const left = () => (maxInstructions ?? Number.POSITIVE_INFINITY) - hart.retired;
  if (!trace) {
    // Traps are steps too, so that a run of as many steps as instructions may end short of them.
    while (!machine.outcome && left() > 0) await machine.run(left());
    return machine.outcome;
  }
  // Loaded only when asked for, as the crash report below: most runs need neither.
  const { hostedMemory, hostedSymbols, settle, symbolizer } = await import("../../debug/hosted-target.ts");
  const { Tracer } = await import("../../debug/trace.ts");
  const symbolize = symbolizer(await hostedSymbols(machine, guest.elf));
  settle(machine);
  const tracer = new Tracer(hart, hostedMemory(machine), symbolize, (line) => trace.write(line));
  while (!machine.outcome && left() > 0) {
    tracer.before();
    await machine.run(1);
    tracer.after();
  }
  return machine.outcome;
}

/** Says how the program ended, where that needs saying. Returns the exit status. */
async function report(
  machine: HostedMachine,
  guest: Guest,
  outcome: ExitStatus | undefined,
  { maxInstructions }: RunOptions,
): Promise<number> {
  if (!outcome) {
    say(cliText.stoppedAtLimit(String(maxInstructions)));
    return STOPPED_AT_LIMIT;
  }
  if (outcome.kind === "exit") return outcome.code;
  const { hostedCrash } = await import("../../debug/hosted-crash.ts");
  const crash = await hostedCrash(machine, guest.elf, outcome);
  if (crash !== undefined) say(crash);
  return 128 + outcome.signal;
}
