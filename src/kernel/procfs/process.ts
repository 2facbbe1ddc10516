import { Capability } from "../rkprocess/capabilities.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { toByteString } from "../vfs/names.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";
import { processFiles } from "../vfs/process-files.ts";
import { runningProgram } from "../vfs/running-program.ts";
import { vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { auxiliaryVector } from "./auxiliary.ts";
import { maps, smaps, smapsRollup, statm } from "./memory.ts";
import { MemoryContents } from "./memory-file.ts";
import { mountinfo, mounts } from "./mounts.ts";
import { networkDirectory } from "./network.ts";
import {
  entriesOf,
  type ProcContext,
  ProcDirectory,
  type ProcEntries,
  ProcFile,
  ProcLink,
  type ProcNode,
  ProcText,
  type ProcTree,
  type TextWriter,
} from "./nodes.ts";
import { oomAdjustment } from "./oom.ts";
import { callerOf, ownerOf, ownerOfDescriptors, requireInspection } from "./permission.ts";
import { limits, type Subject, stat, status } from "./status.ts";

/** A program's name is kept to 15 bytes (TASK_COMM_LEN). */
const LONGEST_NAME = 15;

/** One range of numbers that are what they are outside: there is one user namespace. */
const ID_MAP = "         0          0 4294967295\n";

type Text = (subject: Subject) => string | Uint8Array;

const texts: Record<string, Text> = {
  auxv: ({ process }) => auxiliaryVector(process),
  cgroup: () => "0::/\n",
  cmdline: ({ process }) => process.arguments.map((argument) => `${argument}\0`).join(""),
  environ: ({ process }) => process.environment.map((variable) => `${variable}\0`).join(""),
  gid_map: () => ID_MAP,
  io: () =>
    ["rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes"]
      .map((name) => `${name}: 0\n`)
      .join(""),
  limits: ({ process }) => limits(process),
  maps: ({ process }) => maps(process),
  mountinfo: ({ process }) => mountinfo(process.kernel.use(vfs)),
  mounts: ({ process }) => mounts(process.kernel.use(vfs)),
  oom_score: () => "0\n",
  personality: () => "00000000\n",
  schedstat: ({ process, thread }) => `${Math.floor(thread?.runTime ?? process.usageSoFar().runTime)} 0 0\n`,
  sessionid: () => "4294967295\n",
  setgroups: () => "allow\n",
  smaps: ({ process }) => smaps(process),
  smaps_rollup: ({ process }) => smapsRollup(process),
  stat,
  statm: ({ process }) => statm(process),
  status,
  uid_map: () => ID_MAP,
  wchan: () => "0",
};

/** For who may look into the process alone; of some this shows in their modes. */
const INSPECTED = new Set(["auxv", "environ", "io", "maps", "smaps", "smaps_rollup"]);
const PRIVATE = new Set(["auxv", "environ", "io", "personality"]);

/** Texts that take what is written to them. */
const settings: Record<string, { text: Text; write: (subject: Subject, text: string) => void }> = {
  comm: {
    text: ({ process, thread }) => `${thread?.name ?? process.name}\n`,
    write({ process, thread }, text) {
      const name = text.replace(/\n.*/s, "").slice(0, LONGEST_NAME);
      if (thread) thread.name = name;
      if (!thread || thread.tid === process.pid) process.name = name;
    },
  },
  coredump_filter: { text: () => "00000033\n", write: () => {} },
  loginuid: { text: () => "4294967295", write: () => {} },
  oom_score_adj: {
    text: ({ process }) => `${process.get(oomAdjustment).value}\n`,
    write({ process }, text) {
      const value = Number(text.trim() || Number.NaN);
      if (!Number.isInteger(value) || value < -1000 || value > 1000) fail("EINVAL");
      const isLess = value < process.get(oomAdjustment).value;
      if (isLess && callerOf(process)?.credentials.has(Capability.raiseLimits) === false) fail("EACCES");
      process.get(oomAdjustment).value = value;
    },
  },
  timerslack_ns: { text: () => "50000\n", write: () => {} },
};

const links: Record<string, (process: Process) => Location> = {
  cwd: (process) => process.get(processFiles).cwd,
  exe(process) {
    const { location } = process.get(runningProgram);
    if (location) return location;
    const tree = process.kernel.use(vfs);
    return find(tree.base(), toByteString(process.executable), true);
  },
  root: (process) => process.get(processFiles).root,
};

/** Namespaces, of which there is one of each kind; the numbers are those of Linux's first ones. */
const NAMESPACES: Record<string, number> = {
  cgroup: 4026531835,
  ipc: 4026531839,
  mnt: 4026531841,
  net: 4026531840,
  pid: 4026531836,
  pid_for_children: 4026531836,
  time: 4026531834,
  time_for_children: 4026531834,
  user: 4026531837,
  uts: 4026531838,
};

/** `/proc/PID` (proc(5)) */
export function processDirectory(context: ProcContext, path: string, process: Process): ProcDirectory {
  const owner = () => ({ uid: process.credentials.euid, gid: process.credentials.egid });
  const owned = { ...context, owner };
  return new ProcDirectory(owned, path, entriesOf(tree(context, { process }, true)), process);
}

/** What there is of a process, or of a thread. */
function tree(shared: ProcContext, subject: Subject, withTasks: boolean): ProcTree {
  const { process } = subject;
  const context = { ...shared, owner: () => ownerOf(process) };
  const made: Record<string, (path: string) => ProcNode> = {};
  for (const [name, text] of Object.entries(texts))
    made[name] = (path) => {
      const inspect = () => {
        if (INSPECTED.has(name)) requireInspection(process);
        return text(subject);
      };
      return new ProcText(context, path, inspect, undefined, PRIVATE.has(name) ? 0o400 : 0o444);
    };
  for (const [name, { text, write }] of Object.entries(settings)) {
    const writer: TextWriter = (written) => write(subject, written);
    made[name] = (path) => new ProcText(context, path, () => text(subject), writer);
  }
  for (const [name, to] of Object.entries(links))
    made[name] = (path) =>
      new ProcLink(context, path, () => {
        if (process.exitStatus) fail("ENOENT");
        requireInspection(process);
        return to(process);
      });
  made.mem = (path) =>
    new ProcFile(context, path, 0o600, (location, flags) => openMemory(location, flags, process));
  const own = { ...shared, owner: () => ownerOfDescriptors(process) };
  made.fd = (path) => new ProcDirectory(own, path, descriptors(own, process), undefined, 0o500);
  made.fdinfo = (path) => new ProcDirectory(own, path, descriptorTexts(own, process));
  made.net = (path) => networkDirectory(shared, path);
  made.ns = (path) => new ProcDirectory(context, path, entriesOf(namespaces(context)), undefined, 0o511);
  if (withTasks) made.task = (path) => new ProcDirectory(context, path, tasks(context, process));
  return made;
}

function openMemory(location: Location, flags: number, process: Process): OpenFile {
  requireInspection(process);
  return new MemoryContents(location, flags, process);
}

/** Of one that has ended and was not waited for, its first thread is left. */
function tasks(context: ProcContext, process: Process): ProcEntries {
  return {
    names: () => (process.exitStatus ? [String(process.pid)] : process.threads.map(({ tid }) => String(tid))),
    node(name, path) {
      if (process.exitStatus && name === String(process.pid))
        return new ProcDirectory(context, path, entriesOf(tree(context, { process }, false)), process);
      const thread = process.threads.find(({ tid }) => String(tid) === name);
      return (
        thread &&
        new ProcDirectory(context, path, entriesOf(tree(context, { process, thread }, false)), thread)
      );
    },
  };
}

function namespaces(context: ProcContext): ProcTree {
  return Object.fromEntries(
    Object.entries(NAMESPACES).map(([name, number]) => {
      const text = `${name.replace("_for_children", "")}:[${number}]`;
      return [name, (path: string) => new ProcLink(context, path, () => text)];
    }),
  );
}

/** The open file of a descriptor by its number in decimal, if there is one. */
function fileOf(process: Process, name: string): OpenFile | undefined {
  const { fds } = process.get(processFiles);
  return /^(0|[1-9]\d{0,6})$/.test(name) && fds.has(Number(name)) ? fds.get(Number(name)).file : undefined;
}

const numbersOf = (process: Process) => process.get(processFiles).fds.numbers().map(String);

function descriptors(context: ProcContext, process: Process): ProcEntries {
  const place = (name: string) => {
    requireInspection(process);
    return fileOf(process, name)?.location ?? fail("ENOENT");
  };
  return {
    names: () => numbersOf(process),
    node: (name, path) =>
      fileOf(process, name) ? new ProcLink(context, path, () => place(name)) : undefined,
  };
}

function descriptorTexts(context: ProcContext, process: Process): ProcEntries {
  const text = (name: string) => {
    const file = fileOf(process, name) ?? fail("ENOENT");
    const { ino } = file.attributes();
    const rows = [`pos:\t${positionOf(file)}`, `flags:\t0${file.flags.toString(8)}`];
    return `${[...rows, `mnt_id:\t${file.location.mount.device}`, `ino:\t${ino}`].join("\n")}\n`;
  };
  return {
    names: () => numbersOf(process),
    node: (name, path) => (fileOf(process, name) ? new ProcText(context, path, () => text(name)) : undefined),
  };
}

function positionOf(file: OpenFile): number {
  try {
    return file.seek(0, Seek.current);
  } catch {
    return 0;
  }
}
