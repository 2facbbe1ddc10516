import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, type TestKernel, testKernel } from "../kernel-fixture.ts";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { errno } from "../syscalls/errno.ts";
import { O, POLL } from "../vfs/flags.ts";

const [SIGKILL, SIGUSR1, SIGTERM] = [9, 10, 15];
const SI_QUEUE = -1;
const SI_USER = 0;
/** Threads of one process: CLONE_VM, FS, FILES, SIGHAND, THREAD. */
const THREAD = 0x10f00;
const CLONE_PIDFD = 0x1000;
const P_PIDFD = 3;
const WEXITED = 4;

let kernel: TestKernel;
let parent: Caller;
let child: Caller;

beforeEach(async () => {
  kernel = await testKernel();
  parent = kernel.first;
  child = parent.fork();
});

const open = (pid: number, flags = 0) => parent.call("pidfd_open", pid, flags);

/** `ppoll` of one descriptor without waiting: what holds. */
function ready(fd: number, events: number = POLL.IN | POLL.OUT): number {
  parent.memory.writeU32(DATA, fd);
  parent.memory.writeU32(DATA + 4, events);
  parent.put(DATA + 16, 0, 0);
  const count = parent.call("ppoll", DATA, 1, DATA + 16, 0, 8);
  const found = parent.memory.readU16(DATA + 6);
  expect(count).toBe(found === 0 ? 0 : 1);
  return found;
}

/** The numbers of the signals that wait to be taken. */
const pending = ({ process }: Caller) =>
  [SIGUSR1, SIGTERM, SIGKILL].filter((signal) => process.pendingSignals.set.has(signal));

describe("pidfd_open", () => {
  test("makes a descriptor that execve closes, nonblocking where that is asked for", () => {
    const [plain, nonblocking] = [open(child.process.pid), open(child.process.pid, O.NONBLOCK)];
    const [F_GETFD, F_GETFL, CLOEXEC] = [1, 3, 1];
    expect(parent.call("fcntl", plain, F_GETFD)).toBe(CLOEXEC);
    expect(parent.call("fcntl", plain, F_GETFL)).toBe(O.RDWR);
    expect(parent.call("fcntl", nonblocking, F_GETFL)).toBe(O.RDWR | O.NONBLOCK);
  });

  test("refuses what is no process, what is one of its threads, and flags it does not know", () => {
    expect(open(0)).toBe(-errno.EINVAL);
    expect(open(-1)).toBe(-errno.EINVAL);
    expect(open(child.process.pid, O.CLOEXEC)).toBe(-errno.EINVAL);
    expect(open(4_000_000)).toBe(-errno.ESRCH);
    const tid = child.call("clone", THREAD, DATA + 0x8000);
    expect(open(tid)).toBe(-errno.EINVAL);
    parent.process.limits[7].soft = 3n;
    expect(open(child.process.pid)).toBe(-errno.EMFILE);
  });

  test("finds a process that has ended, until somebody has waited for it", () => {
    const { pid } = child.process;
    child.call("exit_group", 3);
    expect(open(pid)).toBeGreaterThan(2);
    parent.call("wait4", pid, 0, 0, 0);
    expect(open(pid)).toBe(-errno.ESRCH);
  });

  test("gives a file without bytes", () => {
    const fd = open(child.process.pid);
    for (const name of ["read", "write"]) expect(parent.call(name, fd, DATA, 1)).toBe(-errno.EINVAL);
    expect(parent.call("lseek", fd, 0, 0)).toBe(-errno.ESPIPE);
    expect(parent.call("mmap", 0, 4096, 1, 2, fd, 0)).toBe(-errno.ENODEV);
  });
});

describe("a process as a file", () => {
  test("is ready to read when the process has ended, and hung up when it was waited for", () => {
    const fd = open(child.process.pid);
    expect(ready(fd)).toBe(0);
    child.call("exit_group", 0);
    expect(ready(fd)).toBe(POLL.IN);
    parent.call("wait4", child.process.pid, 0, 0, 0);
    expect(ready(fd)).toBe(POLL.IN | POLL.HUP);
  });

  test("ends the wait of who polls it", () => {
    const fd = open(child.process.pid);
    parent.memory.writeU32(DATA, fd);
    parent.memory.writeU32(DATA + 4, POLL.IN);
    const poll = parent.start("ppoll", DATA, 1, 0, 0, 8);
    expect(poll.result).toBeUndefined();
    child.call("exit_group", 0);
    kernel.settle();
    expect(poll.result).toBe(1);
  });

  test("is waited for by waitid, which does not wait for a nonblocking one", () => {
    const { pid } = child.process;
    const [fd, nonblocking] = [open(pid), open(pid, O.NONBLOCK)];
    expect(parent.call("waitid", P_PIDFD, nonblocking, DATA, WEXITED, 0)).toBe(-errno.EAGAIN);
    const wait = parent.start("waitid", P_PIDFD, fd, DATA, WEXITED, 0);
    expect(wait.result).toBeUndefined();
    child.call("exit_group", 7);
    kernel.settle();
    expect(wait.result).toBe(0);
    // si_pid and si_status
    expect([parent.memory.readI32(DATA + 16), parent.memory.readI32(DATA + 24)]).toEqual([pid, 7]);
    expect(parent.call("waitid", P_PIDFD, fd, DATA, WEXITED, 0)).toBe(-errno.ECHILD);
    expect(parent.call("waitid", P_PIDFD, 0, DATA, WEXITED, 0)).toBe(-errno.EBADF);
    expect(parent.call("waitid", P_PIDFD, 63, DATA, WEXITED, 0)).toBe(-errno.EBADF);
    expect(parent.call("waitid", P_PIDFD, -1, DATA, WEXITED, 0)).toBe(-errno.EINVAL);
  });

  test("comes with a child from clone", () => {
    const pid = parent.call("clone", CLONE_PIDFD | 17, 0, DATA);
    const fd = parent.memory.readI32(DATA);
    expect(ready(fd)).toBe(0);
    expect(parent.call("pidfd_send_signal", fd, SIGUSR1, 0, 0)).toBe(0);
    expect(pending(kernel.caller(pid))).toEqual([SIGUSR1]);
  });
});

describe("pidfd_send_signal", () => {
  const send = (fd: number, signal: number, info = 0, flags = 0) =>
    parent.call("pidfd_send_signal", fd, signal, info, flags);

  /** A `siginfo_t`: signal number and code. */
  function info(signal: number, code: number): number {
    parent.memory.write(DATA, new Uint8Array(128));
    parent.memory.writeU32(DATA, signal);
    parent.memory.writeU32(DATA + 8, code >>> 0);
    return DATA;
  }

  test("reaches the process itself, also by its directory in /proc", () => {
    expect(send(open(child.process.pid), SIGUSR1)).toBe(0);
    const directory = parent.call("openat", -100, `/proc/${child.process.pid}`, O.DIRECTORY);
    expect(send(directory, SIGTERM)).toBe(0);
    expect(pending(child)).toEqual([SIGUSR1, SIGTERM]);
  });

  test("reaches nobody when the process is gone, and not who has its number now", () => {
    const fd = open(child.process.pid);
    child.call("exit_group", 0);
    expect(send(fd, 0)).toBe(0);
    parent.call("wait4", child.process.pid, 0, 0, 0);
    expect(send(fd, 0)).toBe(-errno.ESRCH);
    expect(send(fd, SIGKILL)).toBe(-errno.ESRCH);
  });

  test("refuses flags, numbers beyond the last signal, and what is no pidfd", () => {
    const fd = open(child.process.pid);
    expect(send(fd, SIGUSR1, 0, 1)).toBe(-errno.EINVAL);
    expect([send(fd, -1), send(fd, 65)]).toEqual([-errno.EINVAL, -errno.EINVAL]);
    expect([send(0, SIGUSR1), send(63, SIGUSR1)]).toEqual([-errno.EBADF, -errno.EBADF]);
    expect(pending(child)).toEqual([]);
  });

  test("takes what goes along from who has the right to say it", () => {
    const fd = open(child.process.pid);
    expect(send(fd, SIGUSR1, info(SIGTERM, SI_QUEUE))).toBe(-errno.EINVAL);
    expect(send(fd, SIGUSR1, info(SIGUSR1, SI_USER))).toBe(-errno.EPERM);
    expect(send(fd, SIGUSR1, 8)).toBe(-errno.EFAULT);
    expect(pending(child)).toEqual([]);
    expect(send(fd, SIGUSR1, info(SIGUSR1, SI_QUEUE))).toBe(0);
    expect(pending(child)).toEqual([SIGUSR1]);
    // To itself it may say what it likes.
    expect(send(open(parent.process.pid), 0, info(0, SI_USER))).toBe(0);
  });

  test("is not for strangers", () => {
    const fd = open(child.process.pid);
    parent.process.credentials = credentialsFor(1000, 1000);
    expect(send(fd, SIGUSR1)).toBe(-errno.EPERM);
    expect(pending(child)).toEqual([]);
  });
});

describe("pidfd_getfd", () => {
  const get = (fd: number, theirs: number, flags = 0) => parent.call("pidfd_getfd", fd, theirs, flags);

  test("gives another process's open file, position and all, closed by execve", () => {
    const theirs = child.call("openat", -100, "/tmp/file", O.CREAT | O.RDWR, 0o600);
    child.call("write", theirs, "abcdef", 6);
    const fd = open(child.process.pid);
    const mine = get(fd, theirs);
    expect(parent.call("fcntl", mine, 1)).toBe(1);
    expect(parent.call("lseek", mine, 0, 1)).toBe(6);
    parent.call("lseek", mine, 2, 0);
    expect(child.call("read", theirs, DATA, 10)).toBe(4);
    expect(child.text(DATA, 4)).toBe("cdef");
    child.call("close", theirs);
    expect(parent.call("pread64", mine, DATA, 10, 0)).toBe(6);
  });

  test("holds the file open, whatever the other one does", () => {
    child.call("pipe2", DATA, 0);
    const [reader, writer] = [child.memory.readI32(DATA), child.memory.readI32(DATA + 4)];
    const mine = get(open(child.process.pid), writer);
    child.call("close", writer);
    const read = child.start("read", reader, DATA, 10);
    expect(read.result).toBeUndefined();
    expect(parent.call("write", mine, "through", 7)).toBe(7);
    expect(read.result).toBe(7);
    const end = child.start("read", reader, DATA, 10);
    parent.call("close", mine);
    expect(end.result).toBe(0);
  });

  test("fails for what is not there", () => {
    const fd = open(child.process.pid);
    expect(get(fd, 63)).toBe(-errno.EBADF);
    expect(get(0, 0)).toBe(-errno.EBADF);
    expect(get(fd, 0, 1)).toBe(-errno.EINVAL);
    parent.process.limits[7].soft = 4n;
    expect(get(fd, 0)).toBe(-errno.EMFILE);
    child.call("exit_group", 0);
    expect(get(fd, 0)).toBe(-errno.ESRCH);
  });

  test("is for who may look into the process", () => {
    const fd = open(child.process.pid);
    parent.process.credentials = credentialsFor(1000, 1000);
    expect(get(fd, 0)).toBe(-errno.EPERM);
    child.process.credentials = credentialsFor(1000, 1000);
    expect(get(fd, 0)).toBeGreaterThan(fd);
    child.process.control.dumpable = false;
    expect(get(fd, 0)).toBe(-errno.EPERM);
  });
});
