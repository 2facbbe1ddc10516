import { Capability, LAST_CAPABILITY, NO_CAPABILITIES, setOf } from "../rkprocess/capabilities.ts";
import { SecureBit } from "../rkprocess/credentials.ts";
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
  CAPBSET_DROP: 24,
  GET_SECUREBITS: 27,
  SET_SECUREBITS: 28,
  SET_TIMERSLACK: 29,
  GET_TIMERSLACK: 30,
  SET_CHILD_SUBREAPER: 36,
  GET_CHILD_SUBREAPER: 37,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  GET_THP_DISABLE: 42,
  SET_THP_DISABLE: 41,
  CAP_AMBIENT: 47,
  SET_VMA: 0x5356_4d41,
} as const;

const NAME = 16;
const MOST_SIGNAL = 64;
const DEFAULT_SLACK = 50_000;

/** PR_CAP_AMBIENT */
const Ambient = { isSet: 1, raise: 2, lower: 3, clearAll: 4 } as const;

const isCapability = (number: number): boolean => number >= 0 && number <= LAST_CAPABILITY;

function dropFromBounding({ process }: Thread, capability: number): number {
  const { credentials } = process;
  if (!credentials.has(Capability.setCapabilities)) return -errno.EPERM;
  if (!isCapability(capability)) return -errno.EINVAL;
  process.become(credentials.with({ bounding: credentials.bounding & ~setOf(capability) }));
  return 0;
}

const KEEP_LOCKED = SecureBit.keepCapabilities << 1;

function keepCapabilities({ process }: Thread, argument: number): number {
  if (argument !== 0 && argument !== 1) return -errno.EINVAL;
  const { credentials } = process;
  if (credentials.secureBits & KEEP_LOCKED) return -errno.EPERM;
  const others = credentials.secureBits & ~SecureBit.keepCapabilities;
  process.become(credentials.with({ secureBits: others | (argument ? SecureBit.keepCapabilities : 0) }));
  return 0;
}

const ALL_BITS = Object.values(SecureBit).reduce((all, bit) => all | bit, 0);
const ALL_LOCKS = ALL_BITS << 1;

/** What is locked stays as it is, and locked. */
function setSecureBits({ process }: Thread, wanted: number): number {
  const { credentials } = process;
  const locks = credentials.secureBits & ALL_LOCKS;
  const isLocked = ((locks >> 1) & (credentials.secureBits ^ wanted)) !== 0 || (locks & ~wanted) !== 0;
  if (isLocked || wanted & ~(ALL_BITS | ALL_LOCKS)) return -errno.EPERM;
  if (!credentials.has(Capability.setCapabilities)) return -errno.EPERM;
  process.become(credentials.with({ secureBits: wanted }));
  return 0;
}

function ambient({ process }: Thread, what: number, capability: number, rest: boolean): number {
  const { credentials } = process;
  const change = (to: bigint): number => {
    process.become(credentials.with({ ambient: to }));
    return 0;
  };
  if (rest) return -errno.EINVAL;
  if (what === Ambient.clearAll) return capability === 0 ? change(NO_CAPABILITIES) : -errno.EINVAL;
  if (!isCapability(capability)) return -errno.EINVAL;
  const one = setOf(capability);
  switch (what) {
    case Ambient.isSet:
      return credentials.ambient & one ? 1 : 0;
    case Ambient.raise:
      if (!(credentials.permitted & credentials.inheritable & one)) return -errno.EPERM;
      if (credentials.secureBits & SecureBit.noAmbientRaise) return -errno.EPERM;
      return change(credentials.ambient | one);
    case Ambient.lower:
      return change(credentials.ambient & ~one);
    default:
      return -errno.EINVAL;
  }
}

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
      return keepCapabilities(thread, argument);
    case PR.GET_KEEPCAPS:
      return process.credentials.secureBits & SecureBit.keepCapabilities ? 1 : 0;
    case PR.GET_SECUREBITS:
      return process.credentials.secureBits;
    case PR.SET_SECUREBITS:
      return setSecureBits(thread, argument);
    case PR.SET_NO_NEW_PRIVS:
      if (argument !== 1 || third !== 0 || fourth !== 0 || fifth !== 0) return -errno.EINVAL;
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
      if (!isCapability(argument)) return -errno.EINVAL;
      return process.credentials.bounding & setOf(argument) ? 1 : 0;
    case PR.CAPBSET_DROP:
      return dropFromBounding(thread, argument);
    case PR.CAP_AMBIENT:
      return ambient(thread, argument, third, fourth !== 0 || fifth !== 0);
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
