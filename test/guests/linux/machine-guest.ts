import { readFileSync } from "node:fs";
import { nodeHost } from "../../../src/host/node.ts";
import { Machine } from "../../../src/machine/machine.ts";
import type { MachineOptions, RunEnd } from "../../../src/machine/machine-options.ts";
import { jit } from "../toolchain.ts";

/** What a test says of a machine that boots the kernel to a shell on its serial port. */
export type GuestOptions = Omit<MachineOptions, "host" | "print" | "boot" | "memory"> & {
  readonly kernel: string;
  readonly initramfs: string;
};

/** Linux on a machine of this process, whose devices a test reaches from both sides. */
export class MachineGuest {
  readonly machine: Machine;
  /** Everything that was printed so far. */
  text = "";
  /** Why the machine stopped. */
  readonly ended: Promise<RunEnd>;
  #read = 0;
  #isOver = false;
  #notify = () => {};

  private constructor(machine: Machine) {
    this.machine = machine;
    machine.attended = true;
    this.ended = machine.run().finally(() => {
      this.#isOver = true;
      this.#notify();
    });
  }

  static async boot({ kernel, initramfs, ...options }: GuestOptions): Promise<MachineGuest> {
    const file = (name: string) => ({ name, bytes: new Uint8Array(readFileSync(name)) });
    let guest: MachineGuest | undefined;
    const machine = await Machine.create({
      jit,
      ...options,
      memory: 256 << 20,
      host: nodeHost,
      boot: {
        bios: "builtin",
        kernel: file(kernel),
        initrd: file(initramfs),
        append: "console=tty0 console=ttyS0",
      },
      print: (bytes) => guest?.print(bytes),
    });
    guest = new MachineGuest(machine);
    await guest.expect("# ");
    return guest;
  }

  /** Waits until the guest prints `what`, and returns what it printed before that. */
  async expect(what: string, seconds = 280): Promise<string> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const at = this.text.indexOf(what, this.#read);
      if (at >= 0) {
        const before = this.text.slice(this.#read, at);
        this.#read = at + what.length;
        return before;
      }
      if (this.#isOver || Date.now() >= end)
        throw new Error(`no ${JSON.stringify(what)}\n${this.text.slice(-2000)}`);
      await this.#change(end - Date.now());
    }
  }

  /** Types a command, and returns what it printed before the shell's next prompt. */
  async run(command: string): Promise<string> {
    // The mark is typed in two halves, so that the echo of the line does not count.
    this.machine.type(`${command}; echo "do""ne=$?"\n`);
    const output = await this.expect("done=");
    const code = await this.expect("# ");
    if (!code.startsWith("0")) throw new Error(`${command} ended with ${code}\n${output}`);
    return output.slice(output.indexOf("\n") + 1).replaceAll("\r", "");
  }

  private print(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
    this.#notify();
  }

  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#notify = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
