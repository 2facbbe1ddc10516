import { describe, expect, test } from "vitest";
import type { KernelLimits } from "../src/kernel/limits.ts";
import { processTable } from "../src/kernel/rkprocess/process-table.ts";
import { errno } from "../src/kernel/syscalls/errno.ts";
import { type SyscallName, syscallNumbers } from "../src/kernel/syscalls/numbers.ts";
import { guest } from "../src/machine/hosted-fixture.ts";

/** Programs that make more and more of something: each is told that there is no more, and the host hardly notices. */

/** A system call, its result in a0. Arguments are registers, numbers or symbols. */
const call = (name: SyscallName, ...args: (string | number)[]): string =>
  [
    ...args.map((arg, i) =>
      typeof arg === "number" ? `li a${i}, ${arg}` : `${/^[ast]\d+$/.test(arg) ? "mv" : "la"} a${i}, ${arg}`,
    ),
    `li a7, ${syscallNumbers[name]}`,
    "ecall",
  ].join("\n");
/** Ends the loop where a0 is negative. */
const CHECK = "bltz a0, over";
const FOREVER = call("ppoll", 0, 0, 0, 0, 8);
const THREAD = 0x5_0f00;
const RAISED = call("prlimit64", 0, 7, "many", 0);

interface Bomb {
  readonly name: string;
  readonly error: keyof typeof errno;
  readonly limits?: Partial<KernelLimits>;
  /** How often it goes well at least. */
  readonly least: number;
  readonly first?: string;
  /** Made again and again, until a0 is negative. */
  readonly again: string;
}

const BOMBS: readonly Bomb[] = [
  {
    name: "processes",
    error: "EAGAIN",
    least: 4000,
    again: `${call("clone", 17, 0, 0, 0, 0)}
            bnez a0, made
            ${FOREVER}
            made:`,
  },
  {
    name: "threads",
    error: "EAGAIN",
    least: 4000,
    again: `${call("clone", THREAD, "stack", 0, 0, 0)}
            bnez a0, made
            ${FOREVER}
            made:`,
  },
  {
    name: "processes that have ended",
    error: "EAGAIN",
    limits: { processes: 100 },
    least: 90,
    again: `${call("clone", 17, 0, 0, 0, 0)}
            bnez a0, made
            ${call("exit_group", 0)}
            made:`,
  },
  { name: "eventfds", error: "EMFILE", least: 1000, again: call("eventfd2", 0, 0) },
  {
    name: "descriptors",
    error: "ENFILE",
    limits: { openFiles: 5000 },
    least: 4900,
    first: RAISED,
    again: call("dup", 0),
  },
  {
    name: "descriptors of children",
    error: "EAGAIN",
    limits: { openFiles: 5000 },
    least: 3,
    first: `${RAISED}
            li s2, 1000
            more: ${call("dup", 0)}
            addi s2, s2, -1
            bnez s2, more`,
    again: `${call("clone", 17, 0, 0, 0, 0)}
            bnez a0, made
            ${FOREVER}
            made:`,
  },
  {
    name: "full pipes",
    error: "ENOMEM",
    least: 1000,
    first: RAISED,
    again: `${call("pipe2", "words", 0)}
            ${CHECK}
            la t0, words
            lw t1, 4(t0)
            ${call("write", "t1", "words", 1)}`,
  },
  {
    name: "full sockets",
    error: "ENOBUFS",
    limits: { socketMemory: 1 << 20 },
    least: 200,
    first: RAISED,
    again: `${call("socketpair", 1, 1, 0, "words")}
            ${CHECK}
            la t0, words
            lw t1, 4(t0)
            ${call("write", "t1", "words", 4096)}`,
  },
  {
    name: "files under way",
    error: "ETOOMANYREFS",
    least: 60,
    first: RAISED,
    again: `${call("socketpair", 1, 1, 0, "words")}
            ${CHECK}
            la t0, words
            lw t1, 0(t0)
            la t2, control
            li t3, 0x100000001
            sd t3, 8(t2)
            li t3, 1028
            sd t3, 0(t2)
            ${call("sendmsg", "t1", "message", 0)}`,
  },
  {
    name: "bytes of a file",
    error: "ENOSPC",
    least: 60,
    first: `${call("openat", 0, "path", 0o101, 0o644)}\nmv s2, a0`,
    again: call("write", "s2", 0x10000, 4096),
  },
  {
    name: "bytes of files in memory",
    error: "ENOSPC",
    limits: { memoryFiles: 1 << 20 },
    least: 250,
    first: `${call("memfd_create", "path", 0)}\nmv s2, a0`,
    again: call("write", "s2", 0x10000, 4096),
  },
  {
    name: "directories in directories",
    error: "ENOSPC",
    least: 1000,
    again: `${call("mkdirat", -100, "name", 0o755)}
            ${CHECK}
            ${call("chdir", "name")}`,
  },
  {
    name: "mappings",
    error: "ENOMEM",
    limits: { mappings: 10_000 },
    least: 9900,
    again: `xori s3, s3, 3
            ${call("mmap", 0, 4096, "s3", 0x22, -1, 0)}`,
  },
  {
    name: "mappings of children",
    error: "EAGAIN",
    limits: { mappings: 200 },
    least: 5,
    again: `${call("clone", 17, 0, 0, 0, 0)}
            bnez a0, made
            ${FOREVER}
            made:`,
  },
  {
    name: "epoll's watches",
    error: "ENOSPC",
    limits: { epollWatches: 300 },
    least: 300,
    first: `${call("epoll_create1", 0)}\nmv s2, a0\n${call("eventfd2", 0, 0)}\nmv s4, a0`,
    again: `${call("dup", "s4")}
            ${CHECK}
            mv t1, a0
            ${call("epoll_ctl", "s2", 1, "t1", "words")}`,
  },
  { name: "inotify instances", error: "EMFILE", least: 127, again: call("inotify_init1", 0) },
  {
    name: "inotify's watches",
    error: "ENOSPC",
    limits: { inotifyWatches: 20 },
    least: 20,
    first: `${call("inotify_init1", 0)}\nmv s2, a0`,
    again: `${call("mkdirat", -100, "name", 0o755)}
            ${CHECK}
            ${call("chdir", "name")}
            ${call("inotify_add_watch", "s2", "dot", 2)}`,
  },
  {
    name: "groups of children",
    error: "ENOMEM",
    least: 14,
    first: `${call("mmap", 0, 262_144, 3, 0x22, -1, 0)}\nmv s2, a0`,
    again: `${call("clone", 17, 0, 0, 0, 0)}
            bnez a0, made
            ${call("setgroups", 65_536, "s2")}
            bltz a0, refused
            ${FOREVER}
            refused: neg s2, a0
            ${call("exit_group", "s2")}
            made: ${call("sched_yield")}
            ${call("wait4", -1, "words", 1, 0)}
            beqz a0, fine
            la t0, words
            lw a0, 0(t0)
            srli a0, a0, 8
            neg a0, a0
            fine:`,
  },
  {
    name: "timers",
    error: "EAGAIN",
    limits: { queuedSignals: 200 },
    least: 200,
    again: call("timer_create", 1, 0, "words"),
  },
  {
    name: "signals",
    error: "EAGAIN",
    limits: { queuedSignals: 200 },
    least: 200,
    first: `${call("rt_sigprocmask", 0, "every", 0, 8)}\n${call("getpid")}\nmv s2, a0`,
    again: call("rt_sigqueueinfo", "s2", 40, "info"),
  },
  {
    name: "locks",
    error: "ENOLCK",
    limits: { fileLocks: 200 },
    least: 200,
    first: `${call("openat", 0, "path", 0o102, 0o644)}\nmv s2, a0`,
    again: `la t0, lock
            ld t1, 8(t0)
            addi t1, t1, 2
            sd t1, 8(t0)
            ${call("fcntl", "s2", 6, "lock")}`,
  },
  {
    name: "message queues",
    error: "EMFILE",
    least: 8,
    again: `la t0, name
            lb t1, 0(t0)
            addi t1, t1, 1
            sb t1, 0(t0)
            ${call("mq_open", "name", 0o102, 0o600, 0)}`,
  },
  {
    name: "mounts",
    error: "ENOSPC",
    least: 4000,
    again: call("mount", "tmpfs", "root", "tmpfs", 0, 0),
  },
];

/** Ends with the error as its status, and how often all went well in the word at `count`. */
const source = ({ first = "", again }: Bomb): string => `
_start: li s1, 0
        li s3, 1
        ${first}
        bltz a0, over
loop:   ${again}
        ${CHECK}
        addi s1, s1, 1
        j loop
over:   neg s2, a0
        la t0, count
        sd s1, 0(t0)
        ${call("write", 1, "count", 8)}
        ${call("exit_group", "s2")}
        .data
        .balign 16
words:  .zero 64
count:  .dword 0
many:   .dword 65536, 65536
every:  .dword -1
info:   .dword 40, 0xffffffff
        .zero 112
lock:   .dword 1, 0, 1, 0
message: .dword 0, 0, vector, 1, control, 1032, 0
vector: .dword words, 1
control: .zero 1040
path:   .string "/tmp/file"
name:   .string "a"
dot:    .string "."
root:   .string "/tmp"
tmpfs:  .string "tmpfs"
        .balign 16
        .zero 4096
stack:  .dword 0
`;

/** Of the host, for a guest of 128 MiB and all that the kernel keeps for it. */
const MOST_HOST_BYTES = 700 << 20;

async function explode(bomb: Bomb) {
  const { machine, output } = await guest(source(bomb), {
    memory: 128 << 20,
    files: { memory: 4 << 20, mounts: [] },
    limits: bomb.limits,
    strace: undefined,
  });
  const before = process.memoryUsage().rss;
  const status = await machine.run();
  const grown = process.memoryUsage().rss - before;
  const words = new DataView(Uint8Array.from(output(), (character) => character.charCodeAt(0)).buffer);
  await machine.close();
  return { status, grown, made: Number(words.getBigUint64(0, true)) };
}

describe("there is an end to", () => {
  test.each(BOMBS)("$name: $error", { timeout: 60_000 }, async (bomb) => {
    const { status, grown, made } = await explode(bomb);
    expect(status).toEqual({ kind: "exit", code: errno[bomb.error] });
    expect(made).toBeGreaterThanOrEqual(bomb.least);
    expect(grown).toBeLessThan(MOST_HOST_BYTES);
  });

  test("processes that all make more of them", { timeout: 60_000 }, async () => {
    const { machine } = await guest(
      `_start: ${call("clone", 17, 0, 0, 0, 0)}
       bgez a0, _start
       ${call("getpid")}
       li t0, 1
       bne a0, t0, wait
       ${call("exit_group", 11)}
       wait: ${FOREVER}`,
      { memory: 128 << 20, strace: undefined },
    );
    const before = process.memoryUsage().rss;
    expect(await machine.run()).toEqual({ kind: "exit", code: 11 });
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_HOST_BYTES);
    expect([...machine.kernel.use(processTable).all()].length).toBeLessThanOrEqual(4096);
    await machine.close();
  });
});
