import type { Kernel } from "../kernel.ts";
import type { IpcObject } from "../posix-sysvipc/object.ts";
import { type SysvIpc, sysvIpc } from "../posix-sysvipc/state.ts";
import { entriesOf, type ProcContext, ProcDirectory, ProcText } from "./nodes.ts";

const right = (value: number, width: number) => String(value).padStart(width);
const all = (values: readonly number[], width: number) => values.map((value) => right(value, width));

/** What all rows begin with, and whose the objects are. */
const start = ({ key, id, mode }: IpcObject) => [
  right(key, 10),
  right(id, 10),
  ` ${mode.toString(8).padStart(4)}`,
];
const owners = ({ uid, gid, creator, creatorGroup }: IpcObject) => all([uid, gid, creator, creatorGroup], 5);
const row = (...parts: string[]) => `${parts.join(" ")}\n`;

const MSG =
  "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n";
const SEM = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
const SHM =
  "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n";

/** As Linux lays them out (ipc/msg.c, ipc/sem.c, ipc/shm.c). */
const texts: Record<string, (ipc: SysvIpc) => string> = {
  msg: ({ queues }) =>
    MSG +
    queues
      .all()
      .map((queue) => {
        const { bytes, messages, lastSender, lastReceiver, sentAt, receivedAt, changedAt } = queue;
        const pids = all([lastSender, lastReceiver], 5);
        const times = all([sentAt, receivedAt, changedAt], 10);
        return row(
          ...start(queue),
          right(bytes, 11),
          right(messages.length, 10),
          ...pids,
          ...owners(queue),
          ...times,
        );
      })
      .join(""),
  sem: ({ sets }) =>
    SEM +
    sets
      .all()
      .map((set) =>
        row(
          ...start(set),
          right(set.values.length, 10),
          ...owners(set),
          ...all([set.operatedAt, set.changedAt], 10),
        ),
      )
      .join(""),
  shm: ({ segments }) =>
    SHM +
    segments
      .all()
      .map((segment) => {
        const { size, memory, creatorPid, lastPid, attachedAt, detachedAt, changedAt } = segment;
        const use = [right(size, 21), ...all([creatorPid, lastPid], 5), right(memory.attached, 6)];
        const times = all([attachedAt, detachedAt, changedAt], 10);
        return row(
          ...start(segment),
          ...use,
          ...owners(segment),
          ...times,
          ...all([memory.count * 4096, 0], 21),
        );
      })
      .join(""),
};

/** `/proc/sysvipc`, where there is System V IPC. */
export function ipcDirectory(context: ProcContext, path: string, kernel: Kernel): ProcDirectory {
  const tree = Object.entries(texts).map(([name, text]) => [
    name,
    (place: string) => new ProcText(context, place, () => text(kernel.use(sysvIpc))),
  ]);
  return new ProcDirectory(context, path, entriesOf(Object.fromEntries(tree)));
}

/** Whether a kernel has it, or will have when all its libraries have started. */
export const hasIpc = ({ libraries }: Kernel): boolean =>
  libraries.some(({ provides }) => provides.includes(sysvIpc));
