import { hex } from "../../messages/hex.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { signalName } from "../rksignal/signal-names.ts";
import { FILE_TYPES, SIGACTION_FLAGS } from "./names.ts";
import { bytesAt, flagNames, octal, pointer, quoted, readable, valueName } from "./values.ts";

/** A structure at an address, or the address itself where it cannot be read. */
type Show = (thread: Thread, address: number) => string;

const at =
  (show: Show): Show =>
  (thread, address) =>
    address === 0 ? "NULL" : readable(address, () => show(thread, address));

const word = (thread: Thread, address: number): string =>
  String(BigInt.asIntN(64, thread.memory.readU64(address)));

export const timespec = at((t, p) => `{tv_sec=${word(t, p)}, tv_nsec=${word(t, p + 8)}}`);
export const timeval = at((t, p) => `{tv_sec=${word(t, p)}, tv_usec=${word(t, p + 8)}}`);
export const itimerval = at((t, p) => `{it_interval=${timeval(t, p)}, it_value=${timeval(t, p + 16)}}`);
export const itimerspec = at((t, p) => `{it_interval=${timespec(t, p)}, it_value=${timespec(t, p + 16)}}`);

const limit = (value: bigint): string =>
  value === 0xffff_ffff_ffff_ffffn
    ? "RLIM64_INFINITY"
    : value % 1024n === 0n && value > 0n
      ? `${value / 1024n}*1024`
      : String(value);

export const rlimit = at(
  (t, p) => `{rlim_cur=${limit(t.memory.readU64(p))}, rlim_max=${limit(t.memory.readU64(p + 8))}}`,
);

/** `[INT TERM]`; `~[…]` where most are set. */
export const signalSet = at((t, p) => {
  const bits = t.memory.readU64(p);
  const name = (number: number) => signalName(number).replace(/^SIG/, "");
  const members = (inverted: boolean) => {
    const list: string[] = [];
    for (let number = 1; number <= 64; number++)
      if (((bits >> BigInt(number - 1)) & 1n) === (inverted ? 0n : 1n)) list.push(name(number));
    return list;
  };
  const set = members(false);
  return set.length > 32 ? `~[${members(true).join(" ")}]` : `[${set.join(" ")}]`;
});

export const sigaction = at((t, p) => {
  const handler = t.memory.readU64(p);
  const shown = handler === 0n ? "SIG_DFL" : handler === 1n ? "SIG_IGN" : pointer(handler);
  const flags = flagNames(t.memory.readU32(p + 8), SIGACTION_FLAGS);
  return `{sa_handler=${shown}, sa_mask=${signalSet(t, p + 16)}, sa_flags=${flags}}`;
});

export const stackT = at((t, p) => {
  const flags = flagNames(t.memory.readU32(p + 8), {
    SS_ONSTACK: 1,
    SS_DISABLE: 2,
    SS_AUTODISARM: 0x80000000,
  });
  return `{ss_sp=${pointer(t.memory.readU64(p))}, ss_flags=${flags}, ss_size=${word(t, p + 16)}}`;
});

/** `struct stat` of asm-generic: mode at 16, rdev at 32, size at 48. */
export const stat = at((t, p) => {
  const mode = t.memory.readU32(p + 16);
  const type = valueName(mode & 0o170000, FILE_TYPES);
  const shown = `st_mode=${type}|${octal(mode & 0o7777)}`;
  if (type === "S_IFCHR" || type === "S_IFBLK") {
    const device = t.memory.readU64(p + 32);
    const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
    const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
    return `{${shown}, st_rdev=makedev(${hex(major)}, ${hex(minor)}), ...}`;
  }
  return `{${shown}, st_size=${word(t, p + 48)}, ...}`;
});

/** The first of the fields of `struct new_utsname` that tell machines apart. */
export const utsname = at((t, p) => {
  const field = (index: number) => quoted(t.memory.readCString(p + 65 * index, 65) ?? new Uint8Array());
  return `{sysname=${field(0)}, nodename=${field(1)}, ...}`;
});

const MOST_PARTS = 8;

/** `struct iovec` array of `count` parts. */
export function iovec(thread: Thread, address: number, count: number): string {
  return readable(address, () => {
    const parts: string[] = [];
    for (let i = 0; i < Math.min(count, MOST_PARTS); i++) {
      const length = thread.memory.readWord(address + 16 * i + 8);
      parts.push(
        `{iov_base=${bytesAt(thread, thread.memory.readWord(address + 16 * i), length)}, iov_len=${length}}`,
      );
    }
    return `[${parts.join(", ")}${count > MOST_PARTS ? ", ..." : ""}]`;
  });
}

const POLL_EVENTS = {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 16,
  POLLNVAL: 32,
  POLLRDNORM: 64,
  POLLRDBAND: 128,
  POLLWRNORM: 256,
  POLLWRBAND: 512,
} as const;

/** `struct pollfd` array of `count` entries: what is asked for, and after the call what holds. */
export function pollfds(thread: Thread, address: number, count: number): string {
  if (address === 0) return "NULL";
  return readable(address, () => {
    const entries: string[] = [];
    for (let at = address; at < address + 8 * Math.min(count, MOST_PARTS); at += 8) {
      const events = flagNames(thread.memory.readU16(at + 4), POLL_EVENTS);
      const happened = thread.memory.readU16(at + 6);
      const result = happened === 0 ? "" : `, revents=${flagNames(happened, POLL_EVENTS)}`;
      entries.push(`{fd=${thread.memory.readI32(at)}, events=${events}${result}}`);
    }
    return `[${entries.join(", ")}${count > MOST_PARTS ? ", ..." : ""}]`;
  });
}

export const intPair = at((t, p) => `[${t.memory.readI32(p)}, ${t.memory.readI32(p + 4)}]`);
