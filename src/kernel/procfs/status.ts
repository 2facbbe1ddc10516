import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { RLIM_INFINITY } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { SIG_DFL, SIG_IGN, signalActions } from "../rksignal/actions.ts";
import { SignalSet } from "../rksignal/signal-set.ts";
import { processFiles } from "../vfs/process-files.ts";
import { locked, sizes } from "./memory.ts";

/** Nanoseconds in a clock tick of 1/100 s. */
const TICK = 1e7;

/** One process, or one of its threads, in the words of proc_pid_stat(5) and proc_pid_status(5). */
export interface Subject {
  readonly process: Process;
  /** Set for a thread (`/proc/PID/task/TID`). */
  readonly thread?: Thread;
}

type State = "R" | "S" | "T" | "Z";
const STATE_NAMES: Record<State, string> = { R: "running", S: "sleeping", T: "stopped", Z: "zombie" };

function stateOf({ process, thread }: Subject): State {
  if (process.exitStatus) return "Z";
  if (process.stoppedBy) return "T";
  const threads = thread ? [thread] : process.threads;
  return threads.some(({ state }) => state === "running" || state === "ready") ? "R" : "S";
}

const idOf = ({ process, thread }: Subject) => thread?.tid ?? process.pid;
const nameOf = ({ process, thread }: Subject) => thread?.name ?? process.name;

/** The 52 fields of proc_pid_stat(5); what nobody keeps here is 0. */
export function stat(subject: Subject): string {
  const { process, thread } = subject;
  const { total, resident } = sizes(process);
  const scheduling = (thread ?? process.threads[0])?.scheduling;
  const fields = new Array<number | string>(52).fill(0);
  fields[0] = idOf(subject);
  fields[1] = `(${nameOf(subject)})`;
  fields[2] = stateOf(subject);
  fields[3] = process.parent?.pid ?? 0;
  fields[4] = process.processGroup;
  fields[5] = process.session;
  fields[7] = -1;
  fields[9] = process.exitStatus ? process.usage.faults : process.usageSoFar().faults;
  fields[10] = process.childUsage.faults;
  fields[13] = Math.floor((thread?.runTime ?? process.usageSoFar().runTime) / TICK);
  fields[15] = Math.floor(process.childUsage.runTime / TICK);
  fields[17] = scheduling?.priority ? -1 - scheduling.priority : 20 + (scheduling?.nice ?? 0);
  fields[18] = scheduling?.nice ?? 0;
  fields[19] = process.threads.length;
  fields[21] = Math.floor(process.startTime / TICK);
  fields[22] = total * PAGE_SIZE;
  fields[23] = resident;
  fields[24] = String(RLIM_INFINITY);
  fields[37] = process.exitSignal;
  fields[39] = scheduling?.priority ?? 0;
  fields[40] = scheduling?.policy ?? 0;
  return `${fields.join(" ")}\n`;
}

const digits = (set: bigint): string => set.toString(16).padStart(16, "0");

/** A set of signals as 16 hexadecimal digits. */
function mask({ low, high }: { low: number; high: number }): string {
  return digits((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

/** Signals whose handler is, or is not, one of the process's own. */
function actionSet(process: Process, isWanted: (handler: number) => boolean): SignalSet {
  const set = new SignalSet();
  process.get(signalActions).forEach(({ handler }, signal) => {
    if (signal > 0 && isWanted(handler)) set.add(signal);
  });
  return set;
}

export function status(subject: Subject): string {
  const { process } = subject;
  const { total, resident } = sizes(process);
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, groups } = process.credentials;
  const { fds, umask } = process.get(processFiles);
  const thread = subject.thread ?? process.threads[0];
  const state = stateOf(subject);
  const kib = (pages: number) => `${String((pages * PAGE_SIZE) / 1024).padStart(8)} kB`;
  const { permitted, effective, inheritable, bounding, ambient } = process.credentials;
  const rows: [string, string | number][] = [
    ["Name", nameOf(subject)],
    ["Umask", umask.toString(8).padStart(4, "0")],
    ["State", `${state} (${STATE_NAMES[state]})`],
    ["Tgid", process.pid],
    ["Ngid", 0],
    ["Pid", idOf(subject)],
    ["PPid", process.parent?.pid ?? 0],
    ["TracerPid", 0],
    ["Uid", [uid, euid, suid, fsuid].join("\t")],
    ["Gid", [gid, egid, sgid, fsgid].join("\t")],
    ["FDSize", Math.max(64, 2 ** Math.ceil(Math.log2((fds.numbers().pop() ?? 0) + 1)))],
    ["Groups", groups.join(" ")],
    ["NStgid", process.pid],
    ["NSpid", idOf(subject)],
    ["NSpgid", process.processGroup],
    ["NSsid", process.session],
    ["VmPeak", kib(total)],
    ["VmSize", kib(total)],
    ["VmLck", kib(locked(process))],
    ["VmPin", kib(0)],
    ["VmHWM", kib(process.exitStatus ? 0 : process.memory.resident.peak)],
    ["VmRSS", kib(resident)],
    ["VmSwap", kib(0)],
    ["Threads", process.threads.length],
    ["SigQ", "0/4096"],
    ["SigPnd", mask(thread?.signals.pending.set ?? new SignalSet())],
    ["ShdPnd", mask(process.pendingSignals.set)],
    ["SigBlk", mask(thread?.signals.blocked ?? new SignalSet())],
    ["SigIgn", mask(actionSet(process, (handler) => handler === SIG_IGN))],
    ["SigCgt", mask(actionSet(process, (handler) => handler !== SIG_IGN && handler !== SIG_DFL))],
    ["CapInh", digits(inheritable)],
    ["CapPrm", digits(permitted)],
    ["CapEff", digits(effective)],
    ["CapBnd", digits(bounding)],
    ["CapAmb", digits(ambient)],
    ["NoNewPrivs", Number(process.control.noNewPrivileges)],
    ["Seccomp", 0],
    ["Seccomp_filters", 0],
    ["Cpus_allowed", 1],
    ["Cpus_allowed_list", 0],
    ["Mems_allowed", 1],
    ["Mems_allowed_list", 0],
    ["voluntary_ctxt_switches", process.usage.voluntarySwitches],
    ["nonvoluntary_ctxt_switches", process.usage.involuntarySwitches],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
}

/** The rows of `/proc/PID/limits`, by resource number. */
const LIMITS: readonly [name: string, unit: string][] = [
  ["cpu time", "seconds"],
  ["file size", "bytes"],
  ["data size", "bytes"],
  ["stack size", "bytes"],
  ["core file size", "bytes"],
  ["resident set", "bytes"],
  ["processes", "processes"],
  ["open files", "files"],
  ["locked memory", "bytes"],
  ["address space", "bytes"],
  ["file locks", "locks"],
  ["pending signals", "signals"],
  ["msgqueue size", "bytes"],
  ["nice priority", ""],
  ["realtime priority", ""],
  ["realtime timeout", "us"],
];

export function limits({ limits: all }: Process): string {
  const row = (name: string, soft: string, hard: string, unit: string) =>
    `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit.padEnd(10)}\n`;
  const value = (limit: bigint) => (limit === RLIM_INFINITY ? "unlimited" : String(limit));
  return (
    row("Limit", "Soft Limit", "Hard Limit", "Units") +
    LIMITS.map(([name, unit], i) => row(`Max ${name}`, value(all[i].soft), value(all[i].hard), unit)).join("")
  );
}
