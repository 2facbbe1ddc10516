/** A bound on what a guest can have of one kind, all of its processes together. */
interface LimitRow {
  /** `size`: bytes. */
  readonly kind: "count" | "size";
  readonly least: number;
  readonly most: number;
  readonly usual: number;
  /** For the Runikraftfile's schema. */
  readonly about: string;
}

const count = (usual: number, about: string, least = 1, most = 2 ** 24): LimitRow => ({
  ...{ kind: "count", least, most, usual, about },
});
const size = (usual: number, about: string): LimitRow => ({
  ...{ kind: "size", least: 4096, most: 2 ** 34, usual, about },
});

/**
 * What a guest can make of the host, beside its memory: each thing that a system call makes counts against one of these, against
 * a fixed bound of its process or against the guest's memory. docs/LIMITS.md has the error for each.
 */
export const LIMITS = {
  processes: count(4096, "Processes, those included that were not waited for.", 1, 32_768),
  threads: count(4096, "Threads of all processes.", 1, 32_768),
  openFiles: count(262_144, "File descriptors of all processes.", 16),
  mappings: count(524_288, "Mappings of all processes.", 64),
  memoryFiles: size(2 ** 30, "Files of memfd_create, and those of mounted tmpfs; default as much as memory."),
  pipeMemory: size(64 << 20, "Bytes that pipes can hold."),
  socketMemory: size(64 << 20, "Bytes that wait in local sockets."),
  argumentMemory: size(64 << 20, "Arguments and environments of all processes."),
  queuedSignals: count(65_536, "Real-time signals that wait to be taken, and timers of timer_create."),
  fileLocks: count(65_536, "Locked ranges of files."),
  epollWatches: count(262_144, "What all epolls watch."),
  inotifyWatches: count(65_536, "What all inotify instances watch."),
  inotifyInstances: count(128, "Inotify instances."),
} as const satisfies Record<string, LimitRow>;

export type LimitName = keyof typeof LIMITS;
export type KernelLimits = Readonly<Record<LimitName, number>>;

export const DEFAULT_LIMITS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { usual }]) => [name, usual]),
) as KernelLimits;
