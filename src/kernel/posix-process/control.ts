import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { partial, type SyscallRow } from "../syscalls/row.ts";

/** `prctl` options (uapi/linux/prctl.h). */
const PR = {
  SET_PDEATHSIG: 1,
  GET_PDEATHSIG: 2,
  GET_DUMPABLE: 3,
  SET_DUMPABLE: 4,
  GET_KEEPCAPS: 7,
  SET_KEEPCAPS: 8,
  SET_NAME: 15,
  GET_NAME: 16,
  CAPBSET_READ: 23,
  SET_TIMERSLACK: 29,
  GET_TIMERSLACK: 30,
  SET_CHILD_SUBREAPER: 36,
  GET_CHILD_SUBREAPER: 37,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  GET_THP_DISABLE: 42,
  SET_THP_DISABLE: 41,
  SET_VMA: 0x5356_4d41,
} as const;

const NAME = 16;
const MOST_SIGNAL = 64;
export const LAST_CAPABILITY = 40;
const DEFAULT_SLACK = 50_000;

function prctl(
  thread: Thread,
  option: number,
  argument: number,
  third: number,
  fourth: number,
  fifth: number,
): number {
  const { memory, process } = thread;
  const settings = process.control;
  switch (option | 0) {
    case PR.SET_NAME: {
      const bytes = memory.readCString(argument, NAME) ?? memory.read(argument, NAME - 1);
      thread.name = new TextDecoder("latin1").decode(bytes.subarray(0, NAME - 1));
      if (thread.tid === process.pid) process.name = thread.name;
      return 0;
    }
    case PR.GET_NAME: {
      const bytes = new Uint8Array(NAME);
      for (let i = 0; i < Math.min(thread.name.length, NAME - 1); i++) bytes[i] = thread.name.charCodeAt(i);
      memory.write(argument, bytes);
      return 0;
    }
    case PR.SET_PDEATHSIG:
      if (argument < 0 || argument > MOST_SIGNAL) return -errno.EINVAL;
      process.parentDeathSignal = argument;
      return 0;
    case PR.GET_PDEATHSIG:
      memory.writeU32(argument, process.parentDeathSignal);
      return 0;
    case PR.SET_CHILD_SUBREAPER:
      process.isSubreaper = argument !== 0;
      return 0;
    case PR.GET_CHILD_SUBREAPER:
      memory.writeU32(argument, Number(process.isSubreaper));
      return 0;
    case PR.SET_DUMPABLE:
      if (argument !== 0 && argument !== 1) return -errno.EINVAL;
      settings.dumpable = argument === 1;
      return 0;
    case PR.GET_DUMPABLE:
      return Number(settings.dumpable);
    case PR.SET_KEEPCAPS:
      if (argument !== 0 && argument !== 1) return -errno.EINVAL;
      settings.keepsCapabilities = argument === 1;
      return 0;
    case PR.GET_KEEPCAPS:
      return Number(settings.keepsCapabilities);
    case PR.SET_NO_NEW_PRIVS:
      if (argument !== 1) return -errno.EINVAL;
      settings.noNewPrivileges = true;
      return 0;
    case PR.GET_NO_NEW_PRIVS:
      return Number(settings.noNewPrivileges);
    case PR.SET_TIMERSLACK:
      settings.timerSlack = argument <= 0 ? DEFAULT_SLACK : argument;
      return 0;
    case PR.GET_TIMERSLACK:
      return settings.timerSlack;
    case PR.CAPBSET_READ:
      return argument >= 0 && argument <= LAST_CAPABILITY ? 1 : -errno.EINVAL;
    case PR.SET_THP_DISABLE:
      if (third !== 0 || fourth !== 0 || fifth !== 0) return -errno.EINVAL;
      settings.hugePagesDisabled = argument !== 0;
      return 0;
    case PR.GET_THP_DISABLE:
      if (argument !== 0 || third !== 0 || fourth !== 0 || fifth !== 0) return -errno.EINVAL;
      return Number(settings.hugePagesDisabled);
    // Areas have the names that the kernel gives them.
    case PR.SET_VMA:
      return 0;
    default:
      return -errno.EINVAL;
  }
}

export const controlSyscalls: readonly SyscallRow[] = [
  partial(
    "prctl",
    "names, parents and children, and settings that are kept; no seccomp, no speculation control",
    prctl,
  ),
];
