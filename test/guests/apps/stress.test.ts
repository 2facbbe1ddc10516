import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/**
 * stress-ng's stressors, one after the other: they check what they do, and stress-ng says which of them passed. Not among these are
 * - those of the network beyond local sockets (`sock`, `udp`, `sigurg`, …): there are no addresses of the Internet;
 * - those of system calls that are not here and fail with ENOSYS: `ptrace`, `seccomp`, `handle`, `remap`, `mseal`, `io-uring`;
 * - those of the hardware and its drivers, physical memory (`physpage`), modules and control groups;
 * - `tmpfs`, which wants one mounted, and those that take long: `sync-file` writes a gigabyte, `dirdeep` is all of a tree.
 */
const CLASSES = {
  processor: "cpu atomic fp qsort longjmp misaligned vdso",
  memory:
    "vm brk mmap mmapfixed mremap mprotect madvise mincore mlock msync malloc memfd shm shm-sysv stack fault vm-rw vm-segv zero null",
  processes:
    "fork vfork clone daemon wait zombie exit-group session set rlimit kill affinity get personality env",
  threads: "pthread futex mutex sem switch yield membarrier dekker peterson context",
  signals:
    "signal sigabrt sigbus sigchld sigfd sigfpe sighup sigill sigio signest sigpending sigpipe sigq sigrt sigsegv sigsuspend sigtrap sigxfsz bad-altstack",
  time: "timer itimer timerfd clock nanosleep alarm sleep sigvtalrm utime",
  pipes: "pipe pipeherd ring-pipe fifo epoll eventfd poll sockpair sendfile splice tee vm-splice dup",
  messages: "mq msg sem-sysv",
  files:
    "hdd dentry link rename symlink unlink dir chdir chmod chown access fcntl flock lockf lockofd lease fallocate fpunch fstat full getdent inotify open seek copy-file filename mknod xattr acl procfs urandom",
} as const;
/** They do not run as root. */
const AS_NOBODY = "exec spawn";

/** What each one does at most, in operations of its own and in seconds. */
const OPERATIONS = 50;
const SECONDS = 1;

/** Runs stressors; those that passed, skipped and failed. */
function stress(names: readonly string[], ...before: string[]) {
  const options = ["--mem", "768M", "--cwd", "/tmp"];
  const operations = names.flatMap((name) => [`--${name}-ops`, `${OPERATIONS}`]);
  const limits = [
    "--timeout",
    `${SECONDS}`,
    "--no-rand-seed",
    "--oom-avoid",
    "--sendfile-size",
    "64K",
    ...operations,
  ];
  // Process 1 inherits the orphans that stressors such as `daemon` make by the thousand. A shell waits for them; stress-ng does not.
  const shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh"];
  const stressor = ["/usr/bin/stress-ng", "--sequential", "1", "--with", names.join(","), ...limits];
  const args = [...shell, ...before, ...stressor];
  const { status, stdout, stderr } = application(args, { options });
  const said = stdout + stderr;
  const listed = (result: string) =>
    [...(new RegExp(` ${result}: \\d+: (.*)`).exec(said)?.[1] ?? "").matchAll(/(\S+) \(\d+\)/g)].map(
      ([, name]) => name,
    );
  return {
    status,
    passed: listed("passed").sort(),
    skipped: listed("skipped"),
    failed: listed("failed"),
    said,
  };
}

describe("stress-ng", () => {
  it.each(Object.entries(CLASSES))("finds nothing wrong: %s", (_class, text) => {
    const names = text.split(" ");
    const { status, passed, skipped, failed, said } = stress(names);
    expect({ skipped, failed }, said).toEqual({ skipped: [], failed: [] });
    expect(passed, said).toEqual(names.sort());
    expect(status).toBe(0);
  });

  it("finds nothing wrong: programs, as another user than root", () => {
    const names = AS_NOBODY.split(" ");
    const { passed, said } = stress(
      names,
      "/usr/sbin/chroot",
      "--userspec=nobody:nogroup",
      "--skip-chdir",
      "/",
    );
    expect(passed, said).toEqual(names);
  });
});
