import type { Console } from "../../test/guests/linux/console.ts";
import type { Computer } from "../../test/guests/linux/emulators.ts";
import type { Unit } from "./figure.ts";

/** Something that is measured: a computer to boot, and what happens at its shell. */
export interface Part {
  readonly name: string;
  readonly computer: Computer;
  readonly figures: readonly { readonly name: string; readonly unit: Unit; readonly mark?: number }[];
  /**
   * `seconds`: how long it took from starting the process to the prompt. Resolves to the figures in their order, and
   * rejects where something is wrong. In an emulator's first round it also checks what takes long.
   */
  measure(guest: Console, seconds: number, isFirst: boolean): Promise<readonly number[]>;
  /** What has to be true when the emulator has ended. Throws `BenchError`. */
  check?(): void;
}

/** The time to a shell prompt, at which commands are taken. */
export function bootPart(name: string, computer: Computer): Part {
  return {
    name,
    computer,
    figures: [{ name: "start to shell prompt", unit: "s", mark: 1 }],
    async measure(guest, seconds) {
      const harts = `${computer.harts ?? 1}\n`;
      const answer = await guest.run("nproc");
      if (answer !== harts) throw new Error(`nproc says ${answer}, not ${harts}`);
      return [seconds];
    },
  };
}
