import { mkdirSync, readFileSync } from "node:fs";
import { openRawDisk } from "../../../src/host/disk.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { shareDirectory } from "../../../src/host/shared-directory.ts";
import { Machine } from "../../../src/machine/machine.ts";
import type { MachineConfig, MachineSurroundings } from "../../../src/machine/machine-options.ts";
import { OverlayDisk } from "../../../src/machine/overlay-disk.ts";
import { jit } from "../toolchain.ts";

/** What a machine is connected to: a disk whose base it does not change, and a directory of its own. */
export class Surroundings implements MachineSurroundings {
  readonly host = nodeHost;
  readonly jit = jit;
  readonly drives: readonly OverlayDisk[];
  readonly shares: NonNullable<MachineSurroundings["shares"]>;
  /** Everything that was printed so far. */
  text = "";

  private constructor(disk: OverlayDisk, folder: string) {
    this.drives = [disk];
    this.shares = [{ tag: "host", tree: shareDirectory(folder, true) }];
  }

  /** A disk with what is in the file `image`, and the empty directory `folder`. */
  static async make(image: string, folder: string): Promise<Surroundings> {
    mkdirSync(folder, { recursive: true });
    return new Surroundings(new OverlayDisk(await openRawDisk(image, { readOnly: true })), folder);
  }

  /** For a fork: the disk as it is now, and the same directory. */
  copy(folder: string): Surroundings {
    return new Surroundings(this.drives[0].fork(), folder);
  }

  readonly print = (bytes: Uint8Array): void => {
    this.text += Buffer.from(bytes).toString("latin1");
  };
}

/** Linux on a machine that runs only while a test waits for something. */
export class SteppedGuest {
  readonly machine: Machine;
  readonly around: Surroundings;
  #commands = 0;

  constructor(machine: Machine, around: Surroundings) {
    this.machine = machine;
    this.around = around;
  }

  /** At the start of the kernel, with its console on virtio. */
  static async create(
    { kernel, initramfs }: { kernel: string; initramfs: string },
    config: Pick<MachineConfig, "harts" | "virtioVersion" | "packedRings" | "deterministic">,
    around: Surroundings,
  ): Promise<SteppedGuest> {
    const file = (name: string) => ({ name, bytes: new Uint8Array(readFileSync(name)) });
    const boot = {
      bios: "builtin",
      kernel: file(kernel),
      initrd: file(initramfs),
      append: "console=hvc0",
    } as const;
    const machine = await Machine.create({
      ...config,
      memory: 256 << 20,
      boot,
      ...around,
      print: around.print,
    });
    return new SteppedGuest(machine, around);
  }

  /** Runs until that is printed. */
  async until(text: string | RegExp): Promise<void> {
    const end = await this.machine.run({ text, instructions: 5e9 });
    if (end.reason !== "text") throw new Error(`no ${text}: ${end.reason}\n${this.around.text.slice(-2000)}`);
  }

  /** Types a command, and returns what it printed before the shell's next prompt. */
  async run(command: string): Promise<string> {
    // The mark is typed in two halves, so that the echo of the line does not count.
    const number = ++this.#commands;
    const from = this.around.text.length;
    this.machine.type(`${command}; echo "do""ne${number}=$?"\n`);
    await this.until(new RegExp(`done${number}=0[^]*# `));
    const printed = this.around.text.slice(from);
    return printed.slice(printed.indexOf("\n", printed.indexOf(`ne${number}=$?`)) + 1).replaceAll("\r", "");
  }
}
