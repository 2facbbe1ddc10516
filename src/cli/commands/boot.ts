import type { Command } from "commander";
import { StandardConsole } from "../../host/console.ts";
import { checkWritable, writeWholeFile } from "../../host/files.ts";
import { nodeHost } from "../../host/node.ts";
import { printBytes } from "../../host/process.ts";
import { endBy } from "../../host/signals.ts";
import type { Machine } from "../../machine/machine.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { cliText } from "../../messages/cli.ts";
import { type BootOptions, bootOptions, checkedOptions } from "../boot/options.ts";
import { Session, type SessionEnd } from "../boot/session.ts";
import { Setup } from "../boot/setup.ts";
import { deviceTreeOf, emptyDeviceTree } from "../boot/tree.ts";
import { examples } from "../examples.ts";
import { STOPPED_AT_LIMIT, say } from "../output.ts";
import { jitStatsText } from "../stats.ts";

/** Exit code of a machine that stopped without saying one: it waits for ever. */
const STOPPED = 1;

export function configure(command: Command): void {
  bootOptions(command).action(boot);
  command.addHelpText("after", () => `\n${bootCliText.keys()}`);
  examples(
    command,
    "runikraft boot --kernel Image --initrd initramfs.gz -m 512M --smp 4",
    'runikraft boot --kernel Image --initrd initramfs.gz --drive root.ext4 --append "root=/dev/vda"',
    "runikraft boot --kernel Image --initrd initramfs.gz --net user --hostfwd tcp:127.0.0.1:8080-:80",
    "runikraft boot --bios fw_jump.elf --kernel Image --initrd initramfs.gz",
    "runikraft boot --kernel u-boot.bin",
    "runikraft boot --bios none --smp 3 --drive fs.img kernel",
    "runikraft boot --bios none --kernel rv64ui-p-add -m 16M --max-instructions 1000000",
    "runikraft boot --virtio-version 1 --nodefaults --device virtio-gpu --device virtio-keyboard unikernel.bin",
    "runikraft boot --kernel Image --initrd initramfs.gz --save linux.save",
    "runikraft boot --load linux.save",
    "runikraft boot --smp 4 --dump-dtb virt.dtb",
  );
}

async function boot(image: string | undefined, given: BootOptions): Promise<void> {
  const options = checkedOptions(image, given);
  // Sooner than when there is a machine to lose.
  if (options.save !== undefined) checkWritable(options.save);
  const setup = await Setup.open(options, printBytes);
  try {
    if (options.dumpDtb !== undefined) writeWholeFile(options.dumpDtb, await deviceTree(options, setup));
    else await run(await setup.machine(), setup, options);
  } finally {
    await setup.close();
  }
}

async function deviceTree(options: BootOptions, setup: Setup): Promise<Uint8Array> {
  const isBuiltin = options.bios === undefined || options.bios === "builtin" || options.bios === "none";
  if (options.kernel === undefined && isBuiltin) return emptyDeviceTree(options, nodeHost);
  return deviceTreeOf(await setup.machine());
}

async function run(machine: Machine, setup: Setup, options: BootOptions): Promise<void> {
  const console = new StandardConsole();
  try {
    const session = new Session(machine, console, setup);
    const end = await session.run(options.maxInstructions);
    // The terminal is as it was before anything of ours is written to it.
    console.close();
    if (options.save !== undefined && end.reason !== "off") {
      writeWholeFile(options.save, await session.machine.save());
      say(bootCliText.saved(options.save));
    }
    if (options.jitStats) say(jitStatsText(session.machine.board.engine.jit?.stats));
    await conclude(end, setup, options);
  } finally {
    console.close();
  }
}

async function conclude(end: SessionEnd, setup: Setup, { maxInstructions }: BootOptions): Promise<void> {
  if (end.reason === "off") process.exitCode = end.exitCode & 0xff || (end.exitCode === 0 ? 0 : STOPPED);
  else if (end.reason === "idle") {
    say(cliText.neverEnds());
    process.exitCode = STOPPED;
  } else if (end.reason === "limit") {
    say(cliText.stoppedAtLimit(String(maxInstructions)));
    process.exitCode = STOPPED_AT_LIMIT;
  } else if (end.reason === "signal") {
    await setup.close();
    endBy(end.signal);
  }
}
