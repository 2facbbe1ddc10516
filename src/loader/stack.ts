import { loaderMessages } from "../messages/loader.ts";
import type { Image } from "./image.ts";
import type { Layout } from "./layout.ts";
import { PAGE } from "./limits.ts";
import { LoadError } from "./refuse.ts";

/** A string for the guest: text is encoded as UTF-8; bytes (of an `execve`) pass as they are. */
export type GuestString = string | Uint8Array;

/** What a program is started with. */
export interface Arguments {
  readonly argv: readonly GuestString[];
  readonly envp: readonly GuestString[];
  /** AT_EXECFN: the path the program was started by. */
  readonly path: GuestString;
  readonly ids: { readonly uid: number; readonly euid: number; readonly gid: number; readonly egid: number };
  /** AT_SECURE: it may do more than who started it. */
  readonly isSecure?: boolean;
}

/** The bytes of the initial stack and where they go: `stackPointer` is the address of the first one. */
export interface InitialStack {
  readonly stackPointer: number;
  readonly bytes: Uint8Array;
}

/** Auxiliary vector types (`uapi/linux/auxvec.h`). */
export const AT = {
  null: 0,
  phdr: 3,
  phent: 4,
  phnum: 5,
  pagesz: 6,
  base: 7,
  flags: 8,
  entry: 9,
  uid: 11,
  euid: 12,
  gid: 13,
  egid: 14,
  hwcap: 16,
  clktck: 17,
  secure: 23,
  random: 25,
  execfn: 31,
  sysinfoEhdr: 33,
  minsigstksz: 51,
} as const;

/** AT_HWCAP has bit `letter - 'A'` for each single-letter extension. */
const HWCAP = [..."IMAFDC"].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 65)), 0);
const CLOCK_TICKS = 100;
/** `sizeof(struct rt_sigframe)` without the vector extension: siginfo (128) and ucontext (960). */
const SIGNAL_FRAME = 1088;
const PROGRAM_HEADER_SIZE = 56;
/** Linux's MAX_ARG_STRLEN, and _STK_LIM / 4 * 3, its bound for all strings and their pointers together. */
const MAX_STRING = 32 * PAGE;
const MAX_TOTAL = 6 * 1024 * 1024;

/**
 * Builds the initial stack as Linux does, from low to high addresses:
 *
 *     sp ->  argc                      8 bytes; sp is a multiple of 16
 *            argv[0] … argv[argc-1], 0
 *            envp[0] …, 0
 *            auxiliary vector          pairs, ended by AT_NULL
 *            (padding)
 *            16 random bytes           AT_RANDOM
 *            argument strings, environment strings, the path, 8 zero bytes
 *     layout.stackTop
 *
 * Throws `LoadError` with E2BIG for more strings than Linux takes, or than a quarter of the stack.
 */
export function buildStack(image: Image, layout: Layout, start: Arguments): InitialStack {
  const argv = encode(image, start.argv);
  const envp = encode(image, start.envp);
  const [path] = encode(image, [start.path]);
  const strings = [...argv, ...envp, path];
  const stringBytes = strings.reduce((sum, one) => sum + one.length, 0);
  const limit = Math.min(Math.max((layout.stack.end - layout.stack.start) / 4, MAX_STRING), MAX_TOTAL);
  const total = stringBytes + 8 * (argv.length + envp.length);
  if (total > limit) throw new LoadError(loaderMessages.argumentsTooLong(image.name, total, limit), "E2BIG");

  const stringsAt = layout.stackTop - 8 - stringBytes;
  const randomAt = stringsAt - layout.random.length;
  const addresses: number[] = [];
  for (let i = 0, at = stringsAt; i < strings.length; at += strings[i++].length) addresses.push(at);
  const words = [
    argv.length,
    ...addresses.slice(0, argv.length),
    0,
    ...addresses.slice(argv.length, -1),
    0,
    ...auxiliaryVector(image, layout, start, randomAt, addresses[strings.length - 1]),
  ];
  const stackPointer = Math.floor((randomAt - 8 * words.length) / 16) * 16;

  const bytes = new Uint8Array(layout.stackTop - stackPointer);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(8 * i, BigInt(word), true);
  bytes.set(layout.random, randomAt - stackPointer);
  for (const [i, string] of strings.entries()) bytes.set(string, addresses[i] - stackPointer);
  return { stackPointer, bytes };
}

function auxiliaryVector(
  image: Image,
  layout: Layout,
  { ids, isSecure = false }: Arguments,
  randomAt: number,
  pathAt: number,
): number[] {
  const { count, address } = image.programHeaders;
  const entries: [number, number][] = [
    [AT.sysinfoEhdr, layout.vdso.start + PAGE],
    [AT.hwcap, HWCAP],
    [AT.pagesz, PAGE],
    [AT.clktck, CLOCK_TICKS],
    [AT.phdr, address === undefined ? 0 : address + layout.base],
    [AT.phent, PROGRAM_HEADER_SIZE],
    [AT.phnum, count],
    [AT.base, layout.interpreterBase],
    [AT.flags, 0],
    [AT.entry, image.entry + layout.base],
    [AT.uid, ids.uid],
    [AT.euid, ids.euid],
    [AT.gid, ids.gid],
    [AT.egid, ids.egid],
    [AT.secure, Number(isSecure)],
    [AT.random, randomAt],
    [AT.execfn, pathAt],
    [AT.minsigstksz, SIGNAL_FRAME],
    [AT.null, 0],
  ];
  return entries.flat();
}

/** Each string with its terminating zero. */
function encode(image: Image, strings: readonly GuestString[]): Uint8Array[] {
  const encoder = new TextEncoder();
  return strings.map((string) => {
    const text = typeof string === "string" ? encoder.encode(string) : string;
    if (text.length >= MAX_STRING)
      throw new LoadError(loaderMessages.argumentTooLong(image.name, text.length + 1, MAX_STRING), "E2BIG");
    const terminated = new Uint8Array(text.length + 1);
    terminated.set(text);
    return terminated;
  });
}
