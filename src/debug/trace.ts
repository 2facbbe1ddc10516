import type { Hart } from "../cpu/hart.ts";
import { hex } from "../messages/hex.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { formatLine, lineAt, type Symbolize } from "./listing.ts";
import { type RegisterWords, registerChanges, registerWords } from "./registers.ts";

/**
 * Writes one line for each instruction that a hart retires: where it stands, its bits, its text, and the
 * registers it changed. Stand it around `Hart.step`: `before` and `after` each step.
 */
export class Tracer {
  private readonly hart: Hart;
  private readonly memory: GuestMemory;
  private readonly symbolize: Symbolize;
  private readonly write: (line: string) => void;
  private registers: RegisterWords;
  private pc = 0;
  private retired = 0;

  constructor(hart: Hart, memory: GuestMemory, symbolize: Symbolize, write: (line: string) => void) {
    this.hart = hart;
    this.memory = memory;
    this.symbolize = symbolize;
    this.write = write;
    this.registers = registerWords(hart);
  }

  before(): void {
    this.pc = Number(BigInt.asUintN(64, this.hart.pc));
    this.retired = this.hart.retired;
  }

  after(): void {
    const line = lineAt(this.memory, this.pc, this.symbolize);
    if (!line) return;
    const trapped = this.hart.retired === this.retired;
    // A page fault made good: the instruction comes again and is written then.
    if (trapped && line.instruction?.row.name !== "ecall") return;
    const before = this.registers;
    this.registers = registerWords(this.hart);
    const changes = registerChanges(before, this.registers);
    const text = changes.map(({ name, after }) => `${name}=${hex(after)}`).join(" ");
    this.write(text === "" ? `${formatLine(line)}\n` : `${formatLine(line).padEnd(64)} ${text}\n`);
  }
}
