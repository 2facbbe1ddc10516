import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { hexDigits } from "../../messages/hex.ts";
import type { Process } from "../rkprocess/process.ts";
import { Prot } from "../rkvm/vma.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { toByteString } from "../vfs/names.ts";
import { processFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { type ProcContext, ProcDirectory, ProcLink, type ProcNode, ProcText } from "./nodes.ts";
import { mounts } from "./system.ts";

type Text = (process: Process) => string;
type Link = (process: Process) => string | Location;

const texts: Record<string, Text> = {
  cmdline: (process) => process.arguments.map((argument) => `${argument}\0`).join(""),
  comm: (process) => `${process.name}\n`,
  maps,
  mounts: (process) => mounts(process.kernel.use(vfs)),
  stat,
  statm,
  status,
};

const links: Record<string, Link> = {
  exe: (process) => {
    const tree = process.kernel.use(vfs);
    return find(tree.base(), toByteString(process.executable), true);
  },
  cwd: (process) => process.get(processFiles).cwd,
  root: (process) => process.get(processFiles).root,
};

/** `/proc/PID` (proc(5)): what C libraries and small tools read of a process. */
export function processDirectory(context: ProcContext, path: string, process: Process): ProcDirectory {
  const names = () => [...Object.keys(texts), ...Object.keys(links), "fd"].sort();
  return new ProcDirectory(context, path, names, (name, at): ProcNode => {
    if (name === "fd") return descriptorDirectory(context, at, process);
    if (name in links) return new ProcLink(context, at, () => links[name](process));
    return new ProcText(context, at, () => texts[name](process));
  });
}

function descriptorDirectory(context: ProcContext, path: string, process: Process): ProcDirectory {
  const { fds } = process.get(processFiles);
  const names = () => fds.numbers().map(String);
  return new ProcDirectory(
    context,
    path,
    names,
    (name, at) => new ProcLink(context, at, () => locationOf(process, name)),
  );
}

function locationOf(process: Process, fd: string): Location {
  const { fds } = process.get(processFiles);
  return fds.has(Number(fd)) ? fds.get(Number(fd)).file.location : fail("ENOENT");
}

/** One line an area: `start-end rwxp offset device inode path`. */
function maps(process: Process): string {
  return process.memory
    .mappings()
    .map(({ start, end, prot, shared, offset, name }) => {
      const letters = `${prot & Prot.read ? "r" : "-"}${prot & Prot.write ? "w" : "-"}${prot & Prot.exec ? "x" : "-"}`;
      const line = `${hexDigits(start, 8)}-${hexDigits(end, 8)} ${letters}${shared ? "s" : "p"} ${hexDigits(offset, 8)} 00:00 0`;
      return name === "" ? `${line} \n` : `${line.padEnd(72)} ${name}\n`;
    })
    .join("");
}

function sizes(process: Process): { total: number; resident: number } {
  const total = process.memory.mappings().reduce((sum, { start, end }) => sum + (end - start) / PAGE_SIZE, 0);
  return { total, resident: Math.min(total, process.memory.resident.count) };
}

function statm(process: Process): string {
  const { total, resident } = sizes(process);
  return `${total} ${resident} 0 0 0 ${total} 0\n`;
}

/** The 52 fields of proc_pid_stat(5); what nobody keeps here is 0. */
function stat(process: Process): string {
  const { total, resident } = sizes(process);
  const fields = new Array<number | string>(52).fill(0);
  fields[0] = process.pid;
  fields[1] = `(${process.name})`;
  fields[2] = "R";
  fields[3] = process.parent?.pid ?? 0;
  fields[4] = process.processGroup;
  fields[5] = process.session;
  fields[9] = process.memory.faults;
  fields[17] = 20;
  fields[19] = process.threads.length;
  fields[22] = total * PAGE_SIZE;
  fields[23] = resident;
  return `${fields.join(" ")}\n`;
}

function status(process: Process): string {
  const { total, resident } = sizes(process);
  const { uid, euid, suid, gid, egid, sgid } = process.credentials;
  const kib = (pages: number) => `${String((pages * PAGE_SIZE) / 1024).padStart(8)} kB`;
  const rows = [
    ["Name", process.name],
    ["State", "R (running)"],
    ["Tgid", process.pid],
    ["Pid", process.pid],
    ["PPid", process.parent?.pid ?? 0],
    ["Uid", [uid, euid, suid, euid].join("\t")],
    ["Gid", [gid, egid, sgid, egid].join("\t")],
    ["VmSize", kib(total)],
    ["VmRSS", kib(resident)],
    ["Threads", process.threads.length],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
}
