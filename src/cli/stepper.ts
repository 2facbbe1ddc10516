import type { Debugger, StepReport, StopReason } from "../debug/debugger.ts";
import { formatLine } from "../debug/listing.ts";
import { describeAreas } from "../debug/mappings.ts";
import { formatFloatRegisters, formatRegisters } from "../debug/registers.ts";
import { describeTrap } from "../debug/trap-log.ts";
import { explainWalk } from "../debug/walk.ts";
import { explain } from "../isa/explain.ts";
import { X_NAMES } from "../isa/registers.ts";
import { sentenceOf } from "../isa/sentence.ts";
import { rowByName } from "../isa/table.ts";
import { signalName } from "../kernel/rksignal/signal-names.ts";
import { debugText } from "../messages/debug.ts";
import { hex, hexBytes, hexDigits } from "../messages/hex.ts";
import { columns } from "./output.ts";

type Print = (text: string) => void;

/** The stepper's commands, each a letter, on a debugger. Output is plain lines. */
export class Stepper {
  private readonly machine: Debugger;
  private readonly print: Print;

  constructor(machine: Debugger, print: Print) {
    this.machine = machine;
    this.print = (text) => print(`${text}\n`);
  }

  /** Shows where the machine stands. */
  where(): void {
    const { ended, hart, position } = this.machine;
    const line = this.machine.line();
    if (ended)
      this.print(
        ended.kind === "exit"
          ? debugText.ended(ended.code)
          : debugText.endedBySignal(signalName(ended.signal)),
      );
    else this.print(`=> ${line ? formatLine(line) : `${hex(this.machine.pc)}: ${debugText.unreadable()}`}`);
    if (!ended && position === 0) this.print(debugText.atStart());
    this.print(`   ${debugText.position(String(position), String(hart.retired))}`);
  }

  /** Does one line of commands. False: the user wants to leave. */
  async execute(line: string): Promise<boolean> {
    const [name = "s", ...args] = line.trim().split(/\s+/).filter(Boolean);
    if (name === "q") return false;
    const command = this.commands[name];
    if (command) await command(args);
    else this.print(`${debugText.unknownCommand(name)}\n${debugText.help()}`);
    return true;
  }

  private readonly commands: Record<string, (args: readonly string[]) => Promise<void> | void> = {
    s: async ([count]) => {
      for (let i = times(count); i > 0 && !this.machine.ended; i--) this.report(await this.machine.step());
      this.where();
    },
    b: async ([count]) => {
      await this.machine.stepBack(times(count));
      this.where();
    },
    n: async () => this.arrived(await this.machine.next()),
    u: async ([text]) => {
      const place = this.place("u", text);
      if (place !== undefined) this.arrived(await this.machine.runTo(new Set([place])));
    },
    c: async ([text]) => {
      const { breakpoints } = this.machine;
      if (text !== undefined) {
        const place = this.place("c", text);
        if (place === undefined) return;
        breakpoints.add(place);
        this.print(debugText.breakpointSet(this.name(place)));
      } else if (breakpoints.size === 0) this.print(debugText.noBreakpoints());
      this.arrived(await this.machine.continue());
    },
    r: () => {
      this.print(formatRegisters(this.machine.registers));
      this.print(formatFloatRegisters(this.machine.registers));
    },
    x: ([text, count]) => {
      const place = this.place("x", text);
      if (place !== undefined) this.dump(place, Math.min(times(count ?? "64"), 4096));
    },
    w: ([text]) => {
      const place = this.place("w", text);
      if (place !== undefined) for (const line of explainWalk(this.machine.memory, place)) this.print(line);
    },
    m: () => this.print(columns(describeAreas(this.machine.areas)).trimEnd()),
    t: () => this.showHistory(),
    h: ([mnemonic]) => this.explain(mnemonic),
  };

  private report({ line, changes, stored, trap }: StepReport): void {
    if (line) this.print(`   ${formatLine(line)}`);
    if (trap) this.print(`     ${debugText.trapped(describeTrap(trap))}`);
    else if (line?.instruction) this.print(`     ${explain(line.instruction)}`);
    for (const { name, before, after } of changes)
      this.print(`     ${name}: ${hex(before)} -> ${hex(after)}`);
    if (stored)
      this.print(`     [${this.name(stored.address)}]: ${hex(stored.before)} -> ${hex(stored.after)}`);
  }

  private arrived(reason: StopReason): void {
    if (reason === "limit") this.print(debugText.gaveUp());
    if (reason === "there" && this.machine.breakpoints.has(this.machine.pc))
      this.print(debugText.reachedBreakpoint(this.name(this.machine.pc)));
    this.where();
  }

  private dump(start: number, count: number): void {
    const bytes = this.machine.memory.read(start, count);
    if (bytes.length === 0) this.print(debugText.nothingThere(hex(start)));
    for (let at = 0; at < bytes.length; at += 16) {
      const row = bytes.subarray(at, at + 16);
      const digits = hexBytes(row, " ");
      const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."));
      this.print(`${hexDigits(start + at, 10)}  ${digits.padEnd(47)}  ${text.join("")}`);
    }
  }

  private showHistory(): void {
    const { lastTraps, lastCalls } = this.machine;
    this.print(lastTraps.length === 0 ? debugText.noTraps() : debugText.lastTraps());
    for (const trap of lastTraps)
      this.print(`  ${String(trap.step).padStart(8)} ${hex(trap.pc)}  ${describeTrap(trap)}`);
    this.print(lastCalls.length === 0 ? debugText.noSyscalls() : debugText.lastSyscalls());
    for (const call of lastCalls) this.print(`  ${call}`);
  }

  /** What an instruction does in general; without a name, what the one at the pc does. */
  private explain(mnemonic: string | undefined): void {
    const here = this.machine.line()?.instruction;
    const row = mnemonic === undefined ? here?.row : rowByName(mnemonic);
    if (!row) {
      this.print(debugText.unknownMnemonic(mnemonic ?? ""));
      return;
    }
    this.print(`${row.name} ${row.syntax.replaceAll(", ", ",")}\n  ${sentenceOf(row)}\n  ${row.pattern}`);
    if (mnemonic === undefined && here) this.print(`  ${explain(here)}`);
  }

  private name(address: number): string {
    const symbol = this.machine.symbolize(address);
    return symbol === undefined ? hex(address) : `${hex(address)} <${symbol}>`;
  }

  /** An address as the user writes it: a number, a symbol or a register, `+` an offset. */
  private place(command: string, text: string | undefined): number | undefined {
    if (text === undefined) {
      this.print(debugText.needsPlace(command));
      return undefined;
    }
    const [, base, offset = "0"] = /^(.*?)(?:\+(0x[\da-f]+|\d+))?$/i.exec(text) ?? [];
    const start = this.base(base);
    if (start === undefined) {
      this.print(debugText.unknownPlace(text));
      return undefined;
    }
    const address = BigInt.asIntN(64, start + BigInt(offset));
    if (address !== BigInt.asIntN(39, address)) {
      this.print(debugText.noAddress(hex(BigInt.asUintN(64, address))));
      return undefined;
    }
    return Number(address);
  }

  private base(text: string): bigint | undefined {
    if (text === "pc") return BigInt(this.machine.pc);
    const register = X_NAMES.indexOf(text);
    if (register >= 0) return this.machine.registers.x[register];
    const symbol = this.machine.find(text);
    if (symbol !== undefined) return BigInt(symbol);
    // Addresses are hexadecimal here, as everything that is shown is.
    return /^(0x)?[\da-f]{1,16}$/i.test(text) ? BigInt(`0x${text.replace(/^0x/i, "")}`) : undefined;
  }
}

/** A count that the user gave: 1 where it is none. */
function times(text: string | undefined): number {
  const count = Number(text ?? 1);
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}
