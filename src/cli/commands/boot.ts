import type { Command } from "commander";
import { readHostFile } from "../../host/files.ts";
import { printBytes } from "../../host/process.ts";
import { BareMachine } from "../../machine/bare.ts";
import { cliText } from "../../messages/cli.ts";
import { UsageError } from "../../messages/errors.ts";
import { examples } from "../examples.ts";
import { formatSize, STOPPED_AT_LIMIT, say } from "../output.ts";
import { countValue, sizeValue } from "../values.ts";

const DEFAULT_MEMORY = 128 << 20;
const LEAST_MEMORY = 1 << 20;
const MOST_MEMORY = 3 * 2 ** 30;
/** Exit code of a machine that stopped without saying one: it waits for ever. */
const STOPPED = 1;

const memorySize = sizeValue("-m", LEAST_MEMORY, MOST_MEMORY);

interface BootOptions {
  readonly bios: string;
  readonly kernel: string;
  readonly memory?: number;
  readonly maxInstructions?: number;
}

export function configure(command: Command): void {
  command
    .requiredOption("--bios <FIRMWARE>", cliText.optionBios())
    .requiredOption("--kernel <ELF>", cliText.optionKernel())
    .option("-m, --memory <SIZE>", cliText.optionMem(formatSize(DEFAULT_MEMORY)), memorySize)
    .option("--max-instructions <N>", cliText.optionMaxInstructions(), countValue("--max-instructions"))
    .action(boot);
  examples(
    command,
    "runikraft boot --bios none --kernel firmware/dist/bare-hello.elf",
    "runikraft boot --bios none --kernel rv64ui-p-add -m 16M --max-instructions 1000000",
  );
}

async function boot(options: BootOptions): Promise<void> {
  const { bios, kernel, memory = DEFAULT_MEMORY, maxInstructions = Number.POSITIVE_INFINITY } = options;
  if (bios !== "none") throw new UsageError(cliText.badBios(bios));
  const machine = await BareMachine.load(readHostFile(kernel), kernel, {
    ramBytes: memory,
    print: printBytes,
  });
  const state = machine.run(maxInstructions);
  if (typeof state === "object") {
    process.exitCode = state.exitCode & 0xff || (state.exitCode === 0 ? 0 : STOPPED);
    return;
  }
  say(state === "waiting" ? cliText.neverEnds() : cliText.stoppedAtLimit(String(maxInstructions)));
  process.exitCode = state === "waiting" ? STOPPED : STOPPED_AT_LIMIT;
}
