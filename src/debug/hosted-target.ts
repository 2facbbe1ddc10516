import type { AreaDescription, ExitStatus } from "../kernel/rkprocess/exit.ts";
import { dispatcher } from "../kernel/rksyscall/dispatcher.ts";
import { StraceWriter } from "../kernel/strace/writer.ts";
import type { HostedMachine } from "../machine/hosted.ts";
import type { DebugTarget } from "./debugger.ts";
import { GuestMemory } from "./guest-memory.ts";
import type { Symbolize } from "./listing.ts";
import { readSymbolTable, type SymbolTable } from "./symbols.ts";

/** System calls kept for `DebugTarget.calls`. */
const KEPT_CALLS = 16;

/** Puts the first thread's registers into the hart, for whoever looks before the first step. */
export function settle({ kernel }: HostedMachine): void {
  kernel.use(dispatcher).resume();
}

/** The memory of a hosted machine's program, also after its end. */
export function hostedMemory({ board, process }: HostedMachine): GuestMemory {
  return new GuestMemory(
    board.ram,
    () => process.memory.table.rootPage,
    (va) => (process.exitStatus ? undefined : process.memory.untouchedPage(va)),
  );
}

/** The program's symbols where they lie in this machine. `elf`: the file that was loaded. */
export function hostedSymbols(machine: HostedMachine, elf: Uint8Array): Promise<SymbolTable> {
  return readSymbolTable(elf, machine.process.executable, machine.layout.base);
}

export function symbolizer(symbols: SymbolTable): Symbolize {
  return (address) => symbols.describe(Number(address));
}

/** A hosted machine as the debugger takes it. */
export class HostedTarget implements DebugTarget {
  readonly memory: GuestMemory;
  readonly symbolize: Symbolize;
  readonly calls: string[] = [];
  private readonly machine: HostedMachine;
  private readonly symbols: SymbolTable;

  constructor(machine: HostedMachine, symbols: SymbolTable) {
    this.machine = machine;
    this.symbols = symbols;
    this.memory = hostedMemory(machine);
    this.symbolize = symbolizer(symbols);
    settle(machine);
    machine.kernel.tracer ??= new StraceWriter((line) => {
      if (this.calls.length === KEPT_CALLS) this.calls.shift();
      this.calls.push(line);
    });
  }

  get hart() {
    return this.machine.board.hart;
  }

  find(name: string): number | undefined {
    return this.symbols.find(name);
  }

  areas(): readonly AreaDescription[] {
    return this.machine.areas();
  }

  async run(steps: number): Promise<void> {
    await this.machine.run(steps);
  }

  get ended(): ExitStatus | undefined {
    return this.machine.outcome;
  }
}
