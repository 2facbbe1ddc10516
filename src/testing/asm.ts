import { assemble } from "../isa/assembler/assemble.ts";
import { type MachineOptions, TestMachine } from "./machine.ts";

/** What may stand in `${}`: numbers, or text that becomes part of the program. */
export type AsmValue = string | number | bigint;

type Tag = (strings: TemplateStringsArray, ...values: readonly AsmValue[]) => TestMachine;

interface AsmTag extends Tag {
  /** The same with other options; see `MachineOptions`. */
  with(options: MachineOptions): Tag;
}

const tag =
  (options: MachineOptions): Tag =>
  (strings, ...values) => {
    const text = strings.raw.reduce((all, part, index) => `${all}${values[index - 1]}${part}`);
    const machine = new TestMachine(assemble(text, { file: "asm" }), options);
    return options.limit === 0 ? machine : machine.run(options.limit);
  };

/**
 * Assembles a program, runs it on a bare hart (RV64GC, M-mode, 1 MiB of RAM at 0x80000000, sp at its end) and
 * returns the machine for a test to look at. The program stops where its code ends, at a trap that it has no
 * vector for, at a `wfi` that nothing will end, or after 100,000 instructions.
 *
 *     const machine = asm`
 *       li   a0, 40
 *       addi a0, a0, ${2}
 *     `;
 *     expect(machine).toHaveRegister("a0", 42n);
 *
 * @throws RefusedError where the text does not assemble
 */
export const asm: AsmTag = Object.assign(tag({}), { with: tag });
