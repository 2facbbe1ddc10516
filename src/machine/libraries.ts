import type { Library } from "../kernel/library.ts";
import type { Platform } from "../kernel/rkplat/platform.ts";
import type { FileTree } from "../kernel/rkvfs/library.ts";
import { isNativeProgram } from "../loader/native-note.ts";
import { ProgramImages } from "./program-images.ts";
import type { WxPrograms } from "./wx-programs.ts";

/**
 * The register of the micro-libraries that are part of the package. A library's code is loaded when a kernel is linked
 * with it, and not before.
 *
 * To add one: a line in `REGISTER`, with
 * - `name` and `provides` exactly as the library has them (a test compares);
 * - `load`, which imports the library's file by `import()` and nothing else of it: a static import anywhere on the way
 *   of a run would load it always. Two that provide the same cannot both be standard;
 * - `standard: true` where a run without a Runikraftfile is to have it;
 * - `options`, what a Runikraftfile may set for it: from there come the file's schema, its checks, and the second
 *   argument of the function that `load` resolves to.
 */
export interface LibraryEntry {
  readonly name: string;
  /** Names of the APIs that it provides. */
  readonly provides: readonly string[];
  /** Linked where nothing else is asked for. */
  readonly standard?: true;
  readonly options?: Readonly<Record<string, LibraryOption>>;
  readonly load: () => Promise<(context: LibraryContext, options: LibraryOptionValues) => Library>;
}

/** An option of a library in a Runikraftfile. */
export type LibraryOption =
  /** A whole number within bounds. */
  | { readonly kind: "count"; readonly least: number; readonly most: number; readonly about: string }
  /** Bytes, written with K, M or G: the value is rounded up to whole pages. */
  | { readonly kind: "size"; readonly least: number; readonly most: number; readonly about: string }
  | { readonly kind: "boolean"; readonly about: string }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly about: string };

/** What a Runikraftfile set, by the option's name: of the kind that the register says. */
export type LibraryOptionValues = Readonly<Record<string, number | boolean | string | undefined>>;

/** What the libraries of a hosted program are made for. */
export interface LibraryContext {
  /** Absent: a list to be described, not started. */
  readonly platform?: Platform;
  readonly files: FileTree;
  /** Whose pages may be writable and executable at once. */
  readonly allowWx: WxPrograms;
  /** Programs are placed at random addresses. */
  readonly aslr: boolean;
  /** Images of programs that have been read. */
  readonly images: ProgramImages;
}

/** A library of the register, to be linked. */
export interface LibraryChoice {
  readonly name: string;
  readonly options?: LibraryOptionValues;
}

/** What each allocator may serve; where nothing is set, buddy serves frames and tlsf heaps. */
const ALLOCATOR_OPTIONS: Readonly<Record<string, LibraryOption>> = {
  frames: { kind: "boolean", about: "serves page frames" },
  heap: { kind: "boolean", about: "serves heaps for which no other allocator is asked" },
  pageCache: {
    kind: "size",
    least: 4096,
    most: 2 ** 32,
    about: "serves the page cache, from so much memory of its own",
  },
};

const SLICE_OPTIONS: Readonly<Record<string, LibraryOption>> = {
  slice: { kind: "count", least: 1, most: 1000, about: "milliseconds that a thread runs while others could" },
  roundRobin: { kind: "count", least: 1, most: 1000, about: "as slice, of threads of SCHED_RR" },
};

/** In nanoseconds: 4 ms, and 100 ms as under Linux, where nothing is set. */
const sliceLengths = ({ slice = 4, roundRobin = 100 }: LibraryOptionValues) => ({
  normal: Number(slice) * 1e6,
  roundRobin: Number(roundRobin) * 1e6,
});

export const REGISTER: readonly LibraryEntry[] = [
  {
    name: "rkplat",
    provides: ["rkplat"],
    standard: true,
    load: async () => {
      const { rkplat } = await import("../kernel/rkplat/platform.ts");
      return ({ platform }) => rkplat(platform);
    },
  },
  {
    name: "rkalloc",
    provides: ["rkalloc-kinds"],
    standard: true,
    load: async () => {
      const { rkalloc } = await import("../kernel/rkalloc/library.ts");
      return () => rkalloc;
    },
  },
  {
    name: "rkallocbuddy",
    provides: ["rkalloc"],
    standard: true,
    options: ALLOCATOR_OPTIONS,
    load: async () => {
      const { rkallocbuddyWith } = await import("../kernel/rkallocbuddy/library.ts");
      return (_, options) => rkallocbuddyWith(options);
    },
  },
  {
    name: "rkallocregion",
    provides: ["rkalloc"],
    options: ALLOCATOR_OPTIONS,
    load: async () => {
      const { rkallocregionWith } = await import("../kernel/rkallocregion/library.ts");
      return (_, options) => rkallocregionWith(options);
    },
  },
  {
    name: "rkalloctlsf",
    provides: ["rkalloc-heap"],
    options: ALLOCATOR_OPTIONS,
    load: async () => {
      const { rkalloctlsfWith } = await import("../kernel/rkalloctlsf/library.ts");
      return (_, options) => rkalloctlsfWith(options);
    },
  },
  {
    name: "rkallocpool",
    provides: [],
    options: ALLOCATOR_OPTIONS,
    load: async () => {
      const { rkallocpoolWith } = await import("../kernel/rkallocpool/library.ts");
      return (_, options) => rkallocpoolWith(options);
    },
  },
  {
    name: "rkring",
    provides: ["rkring"],
    load: async () => {
      const { rkring } = await import("../kernel/rkring/library.ts");
      return () => rkring;
    },
  },
  {
    name: "rkmpi",
    provides: ["rkmpi"],
    load: async () => {
      const { rkmpi } = await import("../kernel/rkmpi/library.ts");
      return () => rkmpi;
    },
  },
  {
    name: "rkschedcoop",
    provides: ["rksched"],
    load: async () => {
      const { rkschedcoop } = await import("../kernel/rkschedcoop/library.ts");
      return () => rkschedcoop;
    },
  },
  {
    name: "rkschedpreem",
    provides: ["rksched"],
    options: SLICE_OPTIONS,
    load: async () => {
      const { rkschedpreem } = await import("../kernel/rkschedpreem/library.ts");
      return (_, options) => rkschedpreem(sliceLengths(options));
    },
  },
  {
    name: "rkschedfair",
    provides: ["rksched"],
    standard: true,
    options: SLICE_OPTIONS,
    load: async () => {
      const { rkschedfair } = await import("../kernel/rkschedfair/library.ts");
      return (_, options) => rkschedfair(sliceLengths(options));
    },
  },
  {
    name: "rklock",
    provides: ["rklock"],
    load: async () => {
      const { rklock } = await import("../kernel/rklock/library.ts");
      return () => rklock;
    },
  },
  {
    name: "rkswrand",
    provides: ["rkswrand"],
    standard: true,
    load: async () => {
      const { rkswrand } = await import("../kernel/rkswrand/library.ts");
      return () => rkswrand;
    },
  },
  {
    name: "rktime",
    provides: ["rktime", "rktime-timers"],
    standard: true,
    load: async () => {
      const { rktime } = await import("../kernel/rktime/library.ts");
      return () => rktime;
    },
  },
  {
    name: "rkconsole",
    provides: ["rkconsole"],
    standard: true,
    load: async () => {
      const { rkconsole } = await import("../kernel/rkconsole/library.ts");
      return () => rkconsole;
    },
  },
  {
    name: "rktty",
    provides: ["rktty"],
    standard: true,
    load: async () => {
      const { rktty } = await import("../kernel/tty/library.ts");
      return () => rktty;
    },
  },
  {
    name: "rkpagecache",
    provides: ["rkpagecache"],
    standard: true,
    load: async () => {
      const { rkpagecache } = await import("../kernel/rkpagecache/library.ts");
      return () => rkpagecache;
    },
  },
  {
    name: "rkvm",
    provides: ["rkvm"],
    standard: true,
    load: async () => {
      const { rkvm } = await import("../kernel/rkvm/library.ts");
      return ({ allowWx }) => rkvm(allowWx === true);
    },
  },
  {
    name: "rkprocess",
    provides: ["rkprocess"],
    standard: true,
    options: {
      threads: { kind: "count", least: 1, most: 32_768, about: "threads of all processes together" },
    },
    load: async () => {
      const { rkprocess } = await import("../kernel/rkprocess/library.ts");
      return (_, { threads }) => rkprocess(threads as number | undefined);
    },
  },
  {
    name: "rksignal",
    provides: ["rksignal"],
    standard: true,
    load: async () => {
      const { rksignal } = await import("../kernel/rksignal/library.ts");
      return () => rksignal;
    },
  },
  {
    name: "rksyscall",
    provides: ["rksyscall"],
    standard: true,
    load: async () => {
      const { rksyscall } = await import("../kernel/rksyscall/library.ts");
      return () => rksyscall;
    },
  },
  {
    name: "rkvirtioblk",
    provides: ["rkblkdev"],
    load: async () => {
      const { rkvirtioblk } = await import("../kernel/rkvirtioblk/library.ts");
      return () => rkvirtioblk;
    },
  },
  {
    name: "ext2",
    provides: ["disk-filesystem"],
    load: async () => {
      const { ext2 } = await import("../kernel/ext2/library.ts");
      return () => ext2;
    },
  },
  {
    name: "rkvirtio9p",
    provides: ["rk9p"],
    load: async () => {
      const { rkvirtio9p } = await import("../kernel/rkvirtio9p/library.ts");
      return () => rkvirtio9p;
    },
  },
  {
    name: "hostfs",
    provides: ["share-filesystem"],
    load: async () => {
      const { hostfs } = await import("../kernel/hostfs/library.ts");
      return () => hostfs;
    },
  },
  {
    name: "rkvfs",
    provides: ["rkvfs", "standard-files"],
    standard: true,
    load: async () => {
      const { rkvfs } = await import("../kernel/rkvfs/library.ts");
      return ({ files }) => rkvfs(files);
    },
  },
  {
    name: "rkelf",
    provides: ["program-loader"],
    standard: true,
    load: async () => {
      const { rkelf } = await import("./program-loader.ts");
      return ({ aslr, allowWx, images }) => rkelf(images, { aslr, allowWx });
    },
  },
  {
    name: "posix-pidfd",
    provides: ["pid-files"],
    standard: true,
    load: async () => {
      const { posixPidfd } = await import("../kernel/posix-pidfd/library.ts");
      return () => posixPidfd;
    },
  },
  {
    name: "posix-exec",
    provides: [],
    standard: true,
    load: async () => {
      const { posixExec } = await import("../kernel/posix-exec/library.ts");
      return () => posixExec;
    },
  },
  {
    name: "posix-process",
    provides: ["host-names"],
    standard: true,
    load: async () => {
      const { posixProcess } = await import("../kernel/posix-process/library.ts");
      return () => posixProcess;
    },
  },
  {
    name: "posix-mmap",
    provides: [],
    standard: true,
    load: async () => {
      const { posixMmap } = await import("../kernel/posix-mmap/library.ts");
      return () => posixMmap;
    },
  },
  {
    name: "posix-time",
    provides: ["posix-time-adjustment"],
    standard: true,
    load: async () => {
      const { posixTime } = await import("../kernel/posix-time/library.ts");
      return () => posixTime;
    },
  },
  {
    name: "posix-futex",
    provides: ["posix-futex"],
    standard: true,
    load: async () => {
      const { posixFutex } = await import("../kernel/posix-futex/library.ts");
      return () => posixFutex;
    },
  },
  {
    name: "posix-files",
    provides: ["file-mappings", "memory-files"],
    standard: true,
    load: async () => {
      const { posixFiles } = await import("../kernel/posixfs/library.ts");
      return () => posixFiles;
    },
  },
  {
    name: "posix-eventfd",
    provides: [],
    standard: true,
    load: async () => {
      const { posixEventfd } = await import("../kernel/posix-eventfd/library.ts");
      return () => posixEventfd;
    },
  },
  {
    name: "posix-mqueue",
    provides: ["posix-mqueue"],
    standard: true,
    load: async () => {
      const { posixMqueue } = await import("../kernel/posix-mqueue/library.ts");
      return () => posixMqueue;
    },
  },
  {
    name: "posix-sysvipc",
    provides: ["posix-sysvipc"],
    standard: true,
    load: async () => {
      const { posixSysvipc } = await import("../kernel/posix-sysvipc/library.ts");
      return () => posixSysvipc;
    },
  },
  {
    name: "posix-timerfd",
    provides: [],
    standard: true,
    load: async () => {
      const { posixTimerfd } = await import("../kernel/posix-timerfd/library.ts");
      return () => posixTimerfd;
    },
  },
  {
    name: "posix-epoll",
    provides: ["posix-epoll"],
    standard: true,
    load: async () => {
      const { posixEpoll } = await import("../kernel/posix-epoll/library.ts");
      return () => posixEpoll;
    },
  },
  {
    name: "posix-inotify",
    provides: ["posix-inotify"],
    standard: true,
    load: async () => {
      const { posixInotify } = await import("../kernel/posix-inotify/library.ts");
      return () => posixInotify;
    },
  },
  {
    name: "posix-signalfd",
    provides: [],
    standard: true,
    load: async () => {
      const { posixSignalfd } = await import("../kernel/posix-signalfd/library.ts");
      return () => posixSignalfd;
    },
  },
  {
    name: "posix-socket",
    provides: ["posix-socket"],
    standard: true,
    load: async () => {
      const { posixSocket } = await import("../kernel/posix-socket/library.ts");
      return () => posixSocket;
    },
  },
  {
    name: "posix-unixsocket",
    provides: [],
    standard: true,
    load: async () => {
      const { posixUnixsocket } = await import("../kernel/posix-unixsocket/library.ts");
      return () => posixUnixsocket;
    },
  },
  {
    name: "rknative",
    provides: ["rknative"],
    load: async () => {
      const { rknative } = await import("../kernel/rknative/library.ts");
      return () => rknative;
    },
  },
  {
    name: "rknativealloc",
    provides: [],
    load: async () => {
      const { rknativealloc } = await import("../kernel/rknativealloc/library.ts");
      return () => rknativealloc;
    },
  },
  {
    name: "rknativesched",
    provides: [],
    load: async () => {
      const { rknativesched } = await import("../kernel/rknativesched/library.ts");
      return () => rknativesched;
    },
  },
  {
    name: "rknativempi",
    provides: [],
    load: async () => {
      const { rknativempi } = await import("../kernel/rknativempi/library.ts");
      return () => rknativempi;
    },
  },
  {
    name: "rknativering",
    provides: ["rknative-rings"],
    load: async () => {
      const { rknativering } = await import("../kernel/rknativering/library.ts");
      return () => rknativering;
    },
  },
  {
    name: "rknativeblkdev",
    provides: [],
    load: async () => {
      const { rknativeblkdev } = await import("../kernel/rknativeblkdev/library.ts");
      return () => rknativeblkdev;
    },
  },
];

/** The libraries that a hosted program is linked with where nothing else is asked for. */
export const STANDARD: readonly LibraryChoice[] = REGISTER.flatMap(({ name, standard }) =>
  standard ? [{ name }] : [],
);

/** What disks that are mounted need beside those. */
export const FOR_DISKS: readonly LibraryChoice[] = [{ name: "rkvirtioblk" }, { name: "ext2" }];

/** What directories of the host need: linked with them, whatever else is. */
export const FOR_SHARES: readonly LibraryChoice[] = [{ name: "rkvirtio9p" }, { name: "hostfs" }];

/** What a program made for the native calls needs beside the standard ones. */
export const FOR_NATIVE: readonly LibraryChoice[] = [
  { name: "rkalloctlsf" },
  { name: "rkallocpool" },
  { name: "rkallocregion", options: { frames: false } },
  { name: "rklock" },
  { name: "rkring" },
  { name: "rkmpi" },
  { name: "rkvirtioblk" },
  { name: "rknative" },
  { name: "rknativealloc" },
  { name: "rknativesched" },
  { name: "rknativempi" },
  { name: "rknativering" },
  { name: "rknativeblkdev" },
];

/** What a program is linked with where nobody says. */
export function usualLibraries(program: Uint8Array, hasDisks: boolean): LibraryChoice[] {
  const wanted = [
    ...STANDARD,
    ...(hasDisks ? FOR_DISKS : []),
    ...(isNativeProgram(program) ? FOR_NATIVE : []),
  ];
  return [...new Map(wanted.map((choice) => [choice.name, choice])).values()];
}

export function libraryEntry(name: string): LibraryEntry | undefined {
  return REGISTER.find((entry) => entry.name === name);
}

const NOTHING: LibraryContext = {
  files: { memory: 0, mounts: [] },
  allowWx: false,
  aslr: true,
  images: new ProgramImages(),
};

/**
 * Loads the libraries chosen, less those that `own` stands in place of: by providing the same API, or by the same name.
 * Behind them comes `own`. Names that the register does not have are the caller's fault.
 */
export async function linkLibraries(
  choices: readonly LibraryChoice[] = STANDARD,
  own: readonly Library[] = [],
  context: LibraryContext = NOTHING,
): Promise<Library[]> {
  const replaced = new Set(own.flatMap(({ provides }) => provides.map(({ name }) => name)));
  const names = new Set(own.map(({ name }) => name));
  const linked = choices.map(async ({ name, options = {} }) => {
    const entry = libraryEntry(name);
    if (!entry) throw new RangeError(`no micro-library is called ${name}`);
    if (names.has(name) || entry.provides.some((api) => replaced.has(api))) return [];
    const make = await entry.load();
    return [make(context, options)];
  });
  return [...(await Promise.all(linked)).flat(), ...own];
}
