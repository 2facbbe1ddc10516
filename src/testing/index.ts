/**
 * `runikraft/testing`: tests that read like assembly. See docs/TESTING.md.
 *
 *     import { asm, matchers } from "runikraft/testing";
 *     import { expect, test } from "vitest";
 *
 *     expect.extend(matchers);
 */
// The declaration below adds to this module, which the compiler has to have seen.
import type {} from "vitest";
import type { CauseName, MappingDetails, MemoryValue, TrapDetails } from "./matchers.ts";

export { type AsmValue, asm } from "./asm.ts";
export {
  type MachineOptions,
  type Mapping,
  type Mode,
  type Outcome,
  TestMachine,
  type Trap,
} from "./machine.ts";
export {
  type CauseName,
  type MappingDetails,
  type MemoryValue,
  matchers,
  type TrapDetails,
} from "./matchers.ts";

/** What `expect(machine)` gains. */
interface MachineMatchers {
  toHaveRegister(name: string, value: bigint | number): void;
  toHaveMemory(at: string | number | bigint, value: MemoryValue): void;
  toTrap(cause: CauseName, details?: TrapDetails): void;
  toReachEnd(): void;
  toMapPage(virtual: number, details?: MappingDetails): void;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: the declaration that this adds to has it so
  interface Matchers<T = any> extends MachineMatchers {}
}
