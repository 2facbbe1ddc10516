import type { Command } from "commander";
import { Debugger } from "../../debug/debugger.ts";
import { HostedTarget, hostedSymbols } from "../../debug/hosted-target.ts";
import { inputIsTerminal, lineReader, printBytes, printErr, printOut } from "../../host/process.ts";
import type { HostConsole } from "../../machine/host-console.ts";
import { debugText } from "../../messages/debug.ts";
import { examples } from "../examples.ts";
import { type GuestOptions, guestOptions, prepareGuest } from "../guest.ts";
import { Stepper } from "../stepper.ts";

const PROMPT = "> ";

export function configure(command: Command): void {
  guestOptions(command).action(step);
  command.addHelpText("after", () => `\n${debugText.help()}`);
  examples(
    command,
    "runikraft step hello.elf",
    "runikraft step --aslr-seed 7 hello.elf",
    "printf 'u main\\nr\\nw sp\\n' | runikraft step --no-aslr program",
  );
}

async function step(file: string, args: readonly string[], options: GuestOptions): Promise<void> {
  // Going back needs a run that can be had again.
  const guest = prepareGuest(file, args, { ...options, deterministic: true, isRepeated: true });
  const shown = { bytes: 0 };
  const machine = await Debugger.start(async () => {
    const hosted = await guest.create({ console: replayConsole(shown) });
    return new HostedTarget(hosted, await hostedSymbols(hosted, guest.elf));
  });
  const stepper = new Stepper(machine, printOut);
  const nextLine = lineReader();
  const ask = () => {
    if (inputIsTerminal()) printErr(PROMPT);
    return nextLine();
  };
  stepper.where();
  for (let line = ask(); line !== undefined; line = ask()) if (!(await stepper.execute(line))) return;
}

/**
 * The console of a program that is run again and again: it prints only what was not printed before. Commands are what
 * standard input is for, so the program has none.
 */
function replayConsole(shown: { bytes: number }): HostConsole {
  let printed = 0;
  const write = (bytes: Uint8Array) => {
    const fresh = bytes.subarray(Math.max(0, shown.bytes - printed));
    printed += bytes.length;
    shown.bytes = Math.max(shown.bytes, printed);
    if (fresh.length > 0) printBytes(fresh);
  };
  const output = { terminal: false, write };
  return {
    input: { terminal: false, read: () => undefined, onInput: () => {} },
    output,
    error: output,
    size: () => ({ rows: 24, columns: 80 }),
    onResize: () => {},
  };
}
