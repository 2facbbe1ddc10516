import type { ExitStatus } from "../rkprocess/exit.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { signalName } from "../rksignal/signal-names.ts";
import type { SignalInfo } from "../rksignal/signals.ts";
import type { CallTracer } from "../rksyscall/tracer.ts";
import { ERESTARTNOHAND, ERESTARTSYS, errnoName } from "../syscalls/errno.ts";
import { REGISTERS_SET } from "../syscalls/result.ts";
import { syscallName } from "../syscalls/table.ts";
import { errorTexts } from "./error-texts.ts";
import { formats } from "./formats.ts";
import { NATIVE_ADDRESSES, nativeFormats } from "./native-formats.ts";
import { codeName } from "./signal-codes.ts";
import { hexadecimal } from "./values.ts";

const A0 = 10;
/** The thread that a machine begins with. */
const FIRST = 1;
const ARGUMENTS = 6;
/** Results are aligned to this column, as strace does. */
const RESULT_COLUMN = 40;

/** A call that has begun: its arguments, and the text of those that could be shown before it. */
interface Begun {
  readonly number: number;
  readonly values: readonly number[];
  readonly raw: readonly bigint[];
  readonly texts: (string | undefined)[];
}

/** Writes each system call on a line of its own, like strace. */
export class StraceWriter implements CallTracer {
  private readonly write: (line: string) => void;
  private severalSeen = false;
  private readonly begun = new Map<Thread, Begun>();

  /** `write` gets lines without their end. */
  constructor(write: (line: string) => void) {
    this.write = write;
  }

  enter(thread: Thread, number: number): void {
    const { hart } = thread.kernel;
    const registers = Array.from({ length: ARGUMENTS }, (_, i) => A0 + i);
    const values = registers.map((register) => hart.xn(register));
    const raw = registers.map((register) => BigInt.asUintN(64, hart.x(register)));
    const all = formatsOf(syscallName(number));
    const end = all.findIndex((format) => format.applies && !format.applies(values));
    const texts = all
      .slice(0, end === -1 ? undefined : end)
      .map((format, i) => (format.after ? undefined : format.show(thread, values[i], raw[i], values)));
    this.begun.set(thread, { number, values, raw, texts });
  }

  leave(thread: Thread, number: number, result: number | undefined): void {
    const call = this.begun.get(thread);
    if (!call) return;
    this.begun.delete(thread);
    const name = syscallName(number);
    const { values, raw, texts } = call;
    const parameters = formatsOf(name);
    const shown = texts.map((text, i) => {
      if (text !== undefined) return text;
      if (result === undefined || result < 0) return hexadecimal(raw[i]);
      return parameters[i].show(thread, values[i], raw[i], [...values, result]);
    });
    const left = `${name}(${shown.join(", ")})`.padEnd(RESULT_COLUMN - 1);
    this.write(`${this.prefix(thread)}${left} = ${resultText(name, result)}`);
  }

  signal(thread: Thread, info: SignalInfo): void {
    const fields = [`si_signo=${signalName(info.signal)}`, `si_code=${codeName(info)}`];
    if (info.address !== undefined) fields.push(`si_addr=${hexadecimal(BigInt.asUintN(64, info.address))}`);
    else if (info.pid !== undefined) fields.push(`si_pid=${info.pid}`, `si_uid=${info.uid ?? 0}`);
    this.write(`${this.prefix(thread)}--- ${signalName(info.signal)} {${fields.join(", ")}} ---`);
  }

  ended(process: Process, status: ExitStatus): void {
    for (const [thread, { number }] of this.begun)
      if (thread.process === process) this.leave(thread, number, undefined);
    const how =
      status.kind === "exit" ? `exited with ${status.code}` : `killed by ${signalName(status.signal)}`;
    this.write(`${this.prefix(process.threads[0])}+++ ${how} +++`);
  }

  /** Says who it is once there are several, as `strace -f` does. */
  private prefix(thread: Thread | undefined): string {
    if (!thread) return "";
    this.severalSeen ||= thread.tid !== FIRST || thread.kernel.use(processTable).threadCount > 1;
    return this.severalSeen ? `[pid ${String(thread.tid).padStart(5)}] ` : "";
  }
}

const formatsOf = (name: string) => formats[name] ?? nativeFormats[name] ?? [];

/** Calls whose result is an address. */
const ADDRESS_RESULTS: ReadonlySet<string> = new Set(["mmap", "brk", "mremap", ...NATIVE_ADDRESSES]);

function resultText(name: string, result: number | undefined): string {
  if (result === undefined || result === REGISTERS_SET) return "?";
  if (result === -ERESTARTNOHAND) return "? ERESTARTNOHAND (To be restarted if no handler)";
  if (result === -ERESTARTSYS) return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
  if (result < 0) return `-1 ${errnoName(-result)} (${errorTexts[-result] ?? "Unknown error"})`;
  return ADDRESS_RESULTS.has(name) ? hexadecimal(BigInt(result)) : String(result);
}
