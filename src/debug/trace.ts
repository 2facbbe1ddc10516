import type { Hart } from "../cpu/hart.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { formatLine, lineAt, type Symbolize } from "./listing.ts";
import { hex, type Registers, readRegisters, registerChanges } from "./registers.ts";

/**
 * Writes one line for each instruction that a hart retires: where it stands, its bits, its text, and the
 * registers it changed. Stand it around `Hart.step`: `before` and `after` each step.
 */
export class Tracer {
  private readonly hart: Hart;
  private readonly memory: GuestMemory;
  private readonly symbolize: Symbolize;
  private readonly write: (line: string) => void;
  private registers: Registers | undefined;
  private retired = 0;

  constructor(hart: Hart, memory: GuestMemory, symbolize: Symbolize, write: (line: string) => void) {
    this.hart = hart;
    this.memory = memory;
    this.symbolize = symbolize;
    this.write = write;
  }

  before(): void {
    this.registers = readRegisters(this.hart);
    this.retired = this.hart.retired;
  }

  after(): void {
    const before = this.registers;
    if (!before) return;
    const line = lineAt(this.memory, Number(before.pc), this.symbolize);
    if (!line) return;
    const trapped = this.hart.retired === this.retired;
    // A page fault made good: the instruction comes again and is written then.
    if (trapped && line.instruction?.row.name !== "ecall") return;
    const changes = registerChanges(before, readRegisters(this.hart));
    const text = changes.map(({ name, after }) => `${name}=${hex(after)}`).join(" ");
    this.write(text === "" ? `${formatLine(line)}\n` : `${formatLine(line).padEnd(64)} ${text}\n`);
  }
}
