/**
 * The public API; `runikraft/testing` has the rest. Nothing else is imported from outside. Micro-libraries of one's own find
 * here the APIs that they may provide or need.
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
export {
  type DeviceView,
  type HartView,
  type InterruptView,
  type MemoryView,
  viewDevices,
  viewHart,
  viewInterrupts,
  viewMemory,
} from "./debug/machine-views.ts";
export { type PageMap, pageMap } from "./debug/page-map.ts";
export { type CodeAt, type RegionView, regionAt } from "./debug/region-view.ts";
export type { RegisterChange, Registers } from "./debug/registers.ts";
export type { MemoryChange } from "./debug/stored.ts";
export { readSymbolTable, SymbolTable } from "./debug/symbols.ts";
export type { TrapRecord } from "./debug/trap-log.ts";
export type { Disk, ImmediateDisk } from "./devices/disk.ts";
export type { BalloonDevice } from "./devices/virtio/balloon.ts";
export type { GpuDevice, Screenshot } from "./devices/virtio/gpu.ts";
export type { KeyboardDevice } from "./devices/virtio/input-keyboard.ts";
export type { Key } from "./devices/virtio/input-keys.ts";
export { TABLET_MAX, type TabletButton, type TabletDevice } from "./devices/virtio/input-tablet.ts";
export type { SlotView } from "./devices/virtio/mmio.ts";
export type { SharedTree } from "./devices/virtio/p9/tree.ts";
export type { VsockEvents, VsockHost, VsockStream } from "./devices/virtio/vsock-host.ts";
export { StandardConsole } from "./host/console.ts";
export { openImmediateDisk, openRawDisk } from "./host/disk.ts";
export { nodeHost } from "./host/node.ts";
export { shareDirectory } from "./host/shared-directory.ts";
export { nodeSockets } from "./host/sockets.ts";
export { nodeTimers } from "./host/timers.ts";
export { VsockSockets } from "./host/vsock.ts";
export { type Assembled, type AssembleOptions, assemble } from "./isa/assembler/assemble.ts";
export { linkElf } from "./isa/assembler/elf.ts";
export { decode } from "./isa/decode.ts";
export { type DisassembleOptions, disassemble, disassembleBits } from "./isa/disassemble.ts";
export { explain } from "./isa/explain.ts";
export type { Fields, Instruction, Row } from "./isa/row.ts";
export { rowByName, rows } from "./isa/table.ts";
export { Kernel } from "./kernel/kernel.ts";
export { type Api, api, type Library, LinkError } from "./kernel/library.ts";
export { type FrameAllocator, frameAllocator } from "./kernel/rkalloc/frames.ts";
export { type Platform, platform } from "./kernel/rkplat/platform.ts";
export type { AreaDescription, Crash, ExitStatus } from "./kernel/rkprocess/exit.ts";
export { processTable } from "./kernel/rkprocess/process-table.ts";
export type { Thread } from "./kernel/rkprocess/thread.ts";
export { Policy, type Schedulable, type Scheduler, scheduler } from "./kernel/rksched/scheduler.ts";
export { type Random, random } from "./kernel/rkswrand/random.ts";
export { type Time, type Timers, time, timers } from "./kernel/rktime/time.ts";
export { type MemoryManager, memoryManager } from "./kernel/rkvm/memory-manager.ts";
export { errno } from "./kernel/syscalls/errno.ts";
export { full, partial, type Support, type SyscallRow, stub } from "./kernel/syscalls/row.ts";
export { type SyscallSupport, syscallTable } from "./kernel/syscalls/table.ts";
export { parseElf } from "./loader/elf.ts";
export type { Image, Segment } from "./loader/image.ts";
export type { Layout } from "./loader/layout.ts";
export { LoadError } from "./loader/refuse.ts";
export { ADDRESS_MAP, Board, type BoardOptions } from "./machine/board.ts";
export type { BootFile, BootFiles } from "./machine/boot-images.ts";
export { createHosted } from "./machine/create-hosted.ts";
export type { HostedEvents } from "./machine/events.ts";
export type { HostConsole, HostInput, HostOutput } from "./machine/host-console.ts";
export type { HostedMachine } from "./machine/hosted.ts";
export type { HostedOptions, HostServices } from "./machine/hosted-options.ts";
export type { HostedStats } from "./machine/hosted-stats.ts";
export {
  type LibraryChoice,
  type LibraryEntry,
  linkLibraries,
  REGISTER,
  STANDARD,
} from "./machine/libraries.ts";
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
export { MemoryDisk } from "./machine/memory-disk.ts";
export { OverlayDisk } from "./machine/overlay-disk.ts";
export { encodePng, type Picture } from "./machine/png.ts";
export { Arena } from "./memory/arena.ts";
export { Bus, type Device } from "./memory/bus.ts";
export { PhysicalMemory } from "./memory/physical-memory.ts";

export { setLocale } from "./messages/catalogue.ts";
export { RefusedError, UsageError, UserError } from "./messages/errors.ts";
export { cable, type EthernetPort } from "./net/cable.ts";
export { type Allow, parseAllow } from "./net/gateway/allow.ts";
export { type ForwardOptions, Gateway, type GatewayOptions } from "./net/gateway/gateway.ts";
export { tap } from "./net/pcap.ts";
export { Switch } from "./net/switch.ts";
