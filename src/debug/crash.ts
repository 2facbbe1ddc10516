import type { AreaDescription, Crash } from "../kernel/rkprocess/exit.ts";
import { signalName } from "../kernel/rksignal/signal-names.ts";
import { signal } from "../kernel/rksignal/signals.ts";
import { LOWEST, USER_END } from "../kernel/rkvm/space-areas.ts";
import { debugText } from "../messages/debug.ts";
import { hex } from "../messages/hex.ts";
import { backtrace } from "./backtrace.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { formatLine, type Line, lineAt, type Symbolize } from "./listing.ts";
import { areaName, protection } from "./mappings.ts";
import { formatRegisters, type Registers } from "./registers.ts";

/** Where a guest died, while its memory is still there. */
export interface CrashSite {
  readonly crash: Crash;
  readonly memory: GuestMemory;
  readonly areas: readonly AreaDescription[];
  readonly symbolize: Symbolize;
  /** The seed of the layout; `undefined` where it is fixed. */
  readonly seed: bigint | undefined;
}

/** The report, in lines: what happened, where, with which registers, how it came there, and how to come back. */
export function crashReport(site: CrashSite): string {
  const { crash, memory, symbolize, seed } = site;
  const registers = registersOf(crash);
  return [
    headline(site),
    debugText.program(),
    ...codeAround(Number(registers.pc), memory, symbolize),
    debugText.registers(),
    formatRegisters(registers),
    ...traceLines(registers, memory, symbolize),
    seed === undefined ? debugText.reproduceFixed() : debugText.reproduce(String(seed)),
  ].join("\n");
}

/** `si_code` of an address that is not a multiple of the access's size. */
const BUS_ADRALN = 1;

/** `killed by SIGSEGV (signal 11)` */
export const killedBy = (number: number): string => debugText.killedBy(signalName(number), number);

function registersOf({ pc, registers }: Crash): Registers {
  const unsigned = (value: bigint) => BigInt.asUintN(64, value);
  return { pc: unsigned(pc), x: registers.map(unsigned), f: [], fcsr: 0 };
}

function headline({ crash, areas }: CrashSite): string {
  const killed = killedBy(crash.signal);
  if (crash.address === undefined) return killed;
  if (crash.signal === signal.SIGKILL) return `${killed}: ${debugText.outOfMemory()}`;
  const address = hex(BigInt.asUintN(64, BigInt(crash.address)));
  if (crash.signal === signal.SIGILL) return `${killed}: ${debugText.illegal(address)}`;
  if (crash.signal === signal.SIGTRAP) return `${killed}: ${debugText.breakpoint(address)}`;
  if (crash.signal === signal.SIGBUS && crash.code === BUS_ADRALN)
    return `${killed}: ${debugText.misaligned(address)}`;
  const place = describePlace(crash.address, crash.area, areas);
  return `${killed}: ${accessTo(address, crash.access)}, ${place}`;
}

function accessTo(address: string, access: Crash["access"]): string {
  if (access === "read") return debugText.reading(address);
  if (access === "write") return debugText.writing(address);
  return access === "execute" ? debugText.executing(address) : debugText.faultAt(address);
}

/** What an address lies in, in words. */
function describePlace(
  address: number,
  area: AreaDescription | undefined,
  areas: readonly AreaDescription[],
): string {
  if (address < 0 || address >= USER_END) return debugText.notAnAddress();
  if (area?.guard)
    return area.name.includes("stack") ? debugText.inStackGuard() : debugText.inGuard(area.name);
  if (area) return debugText.inArea(areaName(area), protection(area), `${hex(area.start)}-${hex(area.end)}`);
  if (address < LOWEST) return debugText.inPageZero();
  const below = areas.findLast(({ end }) => end <= address);
  return below ? debugText.inNothingNear(hex(address - below.end), areaName(below)) : debugText.inNothing();
}

/** The instruction at `pc`, marked, with those before it that surely are instructions and two after it. */
export function codeAround(pc: number, memory: GuestMemory, symbolize?: Symbolize): string[] {
  const here = lineAt(memory, pc, symbolize);
  if (!here) return [`=> ${hex(pc)} ${debugText.unreadable()}`];
  const after: Line[] = [];
  for (let at = pc + here.length; after.length < 2; ) {
    const line = lineAt(memory, at, symbolize);
    if (!line) break;
    after.push(line);
    at += line.length;
  }
  return [
    ...before(pc, memory, symbolize).map((line) => `   ${formatLine(line)}`),
    `=> ${formatLine(here)}`,
    ...after.map((line) => `   ${formatLine(line)}`),
  ];
}

/** Code of mixed lengths cannot be read backwards: starts far enough back and keeps what leads exactly to `pc`. */
function before(pc: number, memory: GuestMemory, symbolize?: Symbolize): Line[] {
  for (let start = pc - 16; start < pc - 2; start += 2) {
    const lines: Line[] = [];
    let at = start;
    while (at < pc) {
      const line = lineAt(memory, at, symbolize);
      if (!line?.instruction) break;
      lines.push(line);
      at += line.length;
    }
    if (at === pc) return lines.slice(-3);
  }
  return [];
}

function traceLines(registers: Registers, memory: GuestMemory, symbolize: Symbolize): string[] {
  const { method, addresses, more } = backtrace(registers, memory);
  const lines = addresses.map((address, i) => {
    const symbol = symbolize(BigInt(address));
    return `#${i} ${hex(address)}${symbol === undefined ? "" : ` ${symbol}`}`;
  });
  if (more) lines.push(debugText.more());
  return [method === "frames" ? debugText.backtraceFrames() : debugText.backtraceScan(), ...lines];
}
