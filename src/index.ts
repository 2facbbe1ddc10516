/**
 * The public API; `runikraft/testing` has the rest. Nothing else is imported from outside.
 *
 * A program on the library OS is `createHosted`; a computer that boots a kernel is `Machine.create`. `Debugger` steps a hosted
 * machine forward and backward.
 */

export { Hart, type RunResult } from "./cpu/hart.ts";
export type { Supervisor } from "./cpu/supervisor.ts";
export { type Walk, type WalkStep, walk } from "./cpu/sv39.ts";
export { type CrashSite, crashReport } from "./debug/crash.ts";
export { Debugger, type DebugTarget, type StepReport, type StopReason } from "./debug/debugger.ts";
export { GuestMemory } from "./debug/guest-memory.ts";
export { HostedTarget, hostedMemory, hostedSymbols } from "./debug/hosted-target.ts";
export type { Line } from "./debug/listing.ts";
export type { RegisterChange, Registers } from "./debug/registers.ts";
export type { MemoryChange } from "./debug/stored.ts";
export { readSymbolTable, SymbolTable } from "./debug/symbols.ts";
export type { TrapRecord } from "./debug/trap-log.ts";
export { StandardConsole } from "./host/console.ts";
export { nodeHost } from "./host/node.ts";
export { type Assembled, type AssembleOptions, assemble } from "./isa/assembler/assemble.ts";
export { linkElf } from "./isa/assembler/elf.ts";
export { decode } from "./isa/decode.ts";
export { type DisassembleOptions, disassemble, disassembleBits } from "./isa/disassemble.ts";
export { explain } from "./isa/explain.ts";
export type { Fields, Instruction, Row } from "./isa/row.ts";
export { rowByName, rows } from "./isa/table.ts";
export { Kernel } from "./kernel/kernel.ts";
export { type Api, api, type Library, LinkError } from "./kernel/library.ts";
export { rkallocregion } from "./kernel/rkallocregion/library.ts";
export type { AreaDescription, Crash, ExitStatus } from "./kernel/rkprocess/exit.ts";
export { full, partial, type Support, type SyscallRow, stub } from "./kernel/syscalls/row.ts";
export { type SyscallSupport, syscallTable } from "./kernel/syscalls/table.ts";
export { parseElf } from "./loader/elf.ts";
export type { Image, Segment } from "./loader/image.ts";
export type { Layout } from "./loader/layout.ts";
export { LoadError } from "./loader/refuse.ts";
export { ADDRESS_MAP, Board, type BoardOptions } from "./machine/board.ts";
export type { HostedEvents } from "./machine/events.ts";
export type { HostConsole, HostInput, HostOutput } from "./machine/host-console.ts";
export { createHosted, type HostedMachine } from "./machine/hosted.ts";
export type { HostedOptions, HostServices } from "./machine/hosted-options.ts";
export type { HostedStats } from "./machine/hosted-stats.ts";
export { hostedLibraries } from "./machine/libraries.ts";
export { Machine } from "./machine/machine.ts";
export type {
  ExtraDevice,
  MachineConfig,
  MachineHost,
  MachineOptions,
  MachineSurroundings,
  RunEnd,
  RunUntil,
} from "./machine/machine-options.ts";
export { MemoryConsole } from "./machine/memory-console.ts";
export { Arena } from "./memory/arena.ts";
export { Bus, type Device } from "./memory/bus.ts";
export { PhysicalMemory } from "./memory/physical-memory.ts";

export { setLocale } from "./messages/catalogue.ts";
export { RefusedError, UsageError, UserError } from "./messages/errors.ts";
