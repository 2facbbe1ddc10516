import { Command, CommanderError } from "commander";
import { printErr, printOut } from "../host/process.ts";
import { cliText } from "../messages/cli.ts";
import { UsageError } from "../messages/errors.ts";
import { regionText } from "../messages/region.ts";
import { rootText } from "../messages/root.ts";
import { examples } from "./examples.ts";
import { displayWidth } from "./output.ts";

/** A command's file: declares its arguments, options and action. */
export interface CommandModule {
  configure(command: Command): void;
}

interface CommandEntry {
  readonly summary: () => string;
  /** Loaded only when the command is the one asked for: start-up pays for nothing else. */
  readonly load: () => Promise<CommandModule>;
}

const COMMANDS: Record<string, CommandEntry> = {
  run: { summary: cliText.runSummary, load: () => import("./commands/run.ts") },
  boot: { summary: cliText.bootSummary, load: () => import("./commands/boot.ts") },
  info: { summary: cliText.infoSummary, load: () => import("./commands/info.ts") },
  disasm: { summary: cliText.disasmSummary, load: () => import("./commands/disasm.ts") },
  region: { summary: regionText.summary, load: () => import("./commands/region.ts") },
  asm: { summary: cliText.asmSummary, load: () => import("./commands/asm.ts") },
  step: { summary: cliText.stepSummary, load: () => import("./commands/step.ts") },
  syscalls: { summary: cliText.syscallsSummary, load: () => import("./commands/syscalls.ts") },
  root: { summary: rootText.summary, load: () => import("./commands/root.ts") },
  libs: { summary: cliText.libsSummary, load: () => import("./commands/libs.ts") },
  scan: { summary: cliText.scanSummary, load: () => import("./commands/scan.ts") },
};

declare const __VERSION__: string;

/** `help run` is another way to write `run --help`; what is no command is refused as one. */
function helpOn(topic: string | undefined): string[] {
  if (topic === undefined) return ["--help"];
  return topic in COMMANDS ? [topic, "--help"] : [topic];
}

/** Runs one command line. Throws `UsageError` where it is wrong. */
export async function execute(commandLine: readonly string[]): Promise<void> {
  const args = commandLine[0] === "help" ? helpOn(commandLine[1]) : commandLine;
  const program = new Command("runikraft");
  setUp(program);
  program.description(cliText.about());
  program.version(__VERSION__, "-V, --version", cliText.optionVersion());
  program.enablePositionalOptions();
  program.helpCommand(false);
  const asked = args.find((arg) => !arg.startsWith("-"));
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary()).description(summary());
    setUp(command);
    if (name === asked) (await load()).configure(command);
  }
  program.action(() => {
    throw new UsageError(
      program.args.length === 0
        ? cliText.seeHelp(cliText.missingArgument("COMMAND", "runikraft"), "runikraft")
        : cliText.unknownCommand(program.args[0], Object.keys(COMMANDS).join(", ")),
    );
  });
  program.argument("[command]").usage("COMMAND [options]").allowExcessArguments();
  examples(
    program,
    "runikraft run hello.elf",
    "runikraft run --root ./rootfs --strace /bin/busybox ls -l /",
    "runikraft step hello.elf",
  );
  program.addHelpText("after", () => `\n${cliText.aboutEnd()}`);
  try {
    await program.parseAsync(withExplicitValues(program, args), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, asked);
  }
}

/**
 * commander takes the argument behind an option with an optional value as that value: `--strace busybox` would trace
 * to a file of that name. Here such a value is only given by `=`, so the bare option gets an empty one.
 */
function withExplicitValues(program: Command, args: readonly string[]): string[] {
  const command = program.commands.find((one) => one.name() === args[0]);
  const out = args.slice(0, 1);
  for (let i = 1; i < args.length; i++) {
    const arg = args[i];
    if (!command || arg === "--" || !arg.startsWith("-")) return [...out, ...args.slice(i)];
    const option = command.options.find(({ short, long }) => arg === short || arg === long);
    out.push(option?.optional ? `${arg}=` : arg);
    if (option?.required && i + 1 < args.length) out.push(args[++i]);
  }
  return out;
}

function setUp(command: Command): void {
  command.exitOverride();
  command.helpOption("-h, --help", cliText.optionHelp());
  command.configureOutput({ writeOut: printOut, writeErr: printErr, outputError: () => {} });
  const headings: Record<string, string> = {
    "Usage:": cliText.headingUsage(),
    "Arguments:": cliText.headingArguments(),
    "Options:": cliText.headingOptions(),
    "Commands:": cliText.headingCommands(),
  };
  command.configureHelp({
    styleTitle: (title) => headings[title] ?? title,
    displayWidth,
    // An optional value is only taken behind `=`: see `withExplicitValues`.
    optionTerm: ({ flags }) => flags.replace(" [", "[="),
  });
}

/** commander's complaint in our words; it quotes what the complaint is about. */
function usageError(error: CommanderError, asked: string | undefined): UsageError {
  const about = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const command = asked !== undefined && asked in COMMANDS ? `runikraft ${asked}` : "runikraft";
  const texts: Record<string, () => string> = {
    "commander.unknownOption": () => cliText.unknownOption(about, command),
    "commander.missingArgument": () => cliText.missingArgument(about, command),
    "commander.missingMandatoryOptionValue": () => cliText.missingOption(about, command),
    "commander.optionMissingArgument": () => cliText.missingValue(about),
    "commander.excessArguments": () => cliText.excessArguments(command),
  };
  const text = texts[error.code]?.() ?? error.message.replace(/^error: /, "");
  return new UsageError(cliText.seeHelp(text, command));
}
