/* What calls say of bad arguments, in groups of calls. */
#include "case.h"
#define CALL(name, ...) (errno = 0, TELL(#name "(" #__VA_ARGS__ ")", syscall(SYS_##name, ##__VA_ARGS__)))
#define NOWHERE ((void *)8)

CASE(bad_descriptors) {
  char text[8];
  CALL(read, 99, text, 1);
  CALL(write, 99, text, 1);
  CALL(readv, 99, NULL, 0);
  CALL(writev, 99, NULL, 0);
  CALL(pread64, 99, text, 1, 0);
  CALL(pwrite64, 99, text, 1, 0);
  CALL(lseek, 99, 0, 0);
  CALL(fstat, 99, text);
  CALL(fchmod, 99, 0);
  CALL(fchown, 99, 0, 0);
  CALL(fchdir, 99);
  CALL(ftruncate, 99, 0);
  CALL(fallocate, 99, 0, 0, 1);
  CALL(fsync, 99);
  CALL(fdatasync, 99);
  CALL(syncfs, 99);
  CALL(flock, 99, 1);
  CALL(fcntl, 99, F_GETFD);
  CALL(ioctl, 99, FIONREAD, text);
  CALL(dup, 99);
  CALL(dup3, 99, 5, 0);
  CALL(close, 99);
  CALL(getdents64, 99, text, 8);
  CALL(fgetxattr, 99, "user.x", text, 1);
  CALL(flistxattr, 99, text, 1);
  CALL(sendfile, 99, 0, NULL, 1);
  CALL(splice, 99, NULL, 0, NULL, 1, 0);
  CALL(tee, 99, 0, 1, 0);
  CALL(vmsplice, 99, NULL, 0, 0);
  CALL(copy_file_range, 99, NULL, 0, NULL, 1, 0);
  CALL(fadvise64, 99, 0, 0, 0);
  CALL(readahead, 99, 0, 1);
}

CASE(bad_paths) {
  CALL(openat, AT_FDCWD, NOWHERE, 0);
  CALL(mkdirat, AT_FDCWD, NOWHERE, 0);
  CALL(mknodat, AT_FDCWD, NOWHERE, 0, 0);
  CALL(unlinkat, AT_FDCWD, NOWHERE, 0);
  CALL(symlinkat, NOWHERE, AT_FDCWD, "x");
  CALL(linkat, AT_FDCWD, NOWHERE, AT_FDCWD, "x", 0);
  CALL(renameat2, AT_FDCWD, NOWHERE, AT_FDCWD, "x", 0);
  CALL(readlinkat, AT_FDCWD, NOWHERE, NULL, 1);
  CALL(faccessat, AT_FDCWD, NOWHERE, 0);
  CALL(fchmodat, AT_FDCWD, NOWHERE, 0);
  CALL(fchownat, AT_FDCWD, NOWHERE, 0, 0, 0);
  CALL(newfstatat, AT_FDCWD, NOWHERE, NULL, 0);
  CALL(statx, AT_FDCWD, NOWHERE, 0, 0, NULL);
  CALL(statfs, NOWHERE, NULL);
  CALL(truncate, NOWHERE, 0);
  CALL(chdir, NOWHERE);
  CALL(chroot, NOWHERE);
  CALL(utimensat, AT_FDCWD, NOWHERE, NULL, 0);
  CALL(getxattr, NOWHERE, "user.x", NULL, 0);
  CALL(execve, NOWHERE, NULL, NULL);
  CALL(inotify_add_watch, 0, NOWHERE, 1);
  CALL(memfd_create, NOWHERE, 0);
}

CASE(bad_pointers) {
  CALL(pipe2, NOWHERE, 0);
  CALL(getcwd, NOWHERE, 100);
  CALL(uname, NOWHERE);
  CALL(sysinfo, NOWHERE);
  CALL(times, NOWHERE);
  CALL(getrusage, 0, NOWHERE);
  CALL(gettimeofday, NOWHERE, NULL);
  CALL(clock_gettime, 0, NOWHERE);
  CALL(clock_getres, 0, NOWHERE);
  CALL(nanosleep, NOWHERE, NULL);
  CALL(clock_nanosleep, 0, 0, NOWHERE, NULL);
  CALL(getitimer, 0, NOWHERE);
  CALL(setitimer, 0, NOWHERE, NULL);
  CALL(timer_create, 1, NOWHERE, NULL);
  CALL(rt_sigaction, 10, NOWHERE, NULL, 8);
  CALL(rt_sigprocmask, 0, NOWHERE, NULL, 8);
  CALL(rt_sigpending, NOWHERE, 8);
  CALL(rt_sigsuspend, NOWHERE, 8);
  CALL(rt_sigtimedwait, NOWHERE, NULL, NULL, 8);
  CALL(sigaltstack, NOWHERE, NULL);
  CALL(ppoll, NOWHERE, 1, NULL, NULL, 0);
  CALL(pselect6, 1, NOWHERE, NULL, NULL, NULL, NULL);
  CALL(getresuid, NOWHERE, NOWHERE, NOWHERE);
  CALL(getgroups, 100, NOWHERE);
  CALL(setgroups, 1, NOWHERE);
  CALL(prlimit64, 0, RLIMIT_NOFILE, NOWHERE, NULL);
  CALL(sched_getparam, 0, NOWHERE);
  CALL(sched_setparam, 0, NOWHERE);
  CALL(sched_rr_get_interval, 0, NOWHERE);
  CALL(getcpu, NOWHERE, NULL, NULL);
  CALL(getrandom, NOWHERE, 8, 0);
  CALL(capget, NOWHERE, NULL);
  CALL(clone3, NOWHERE, 64);
  CALL(waitid, P_ALL, 0, NOWHERE, WEXITED | WNOHANG, NULL);
  CALL(get_robust_list, 0, NOWHERE, NOWHERE);
}

CASE(bad_flags) {
  int ends[2];
  CALL(openat, AT_FDCWD, ".", O_TMPFILE & ~O_DIRECTORY);
  CALL(pipe2, ends, 1);
  CALL(dup3, 0, 5, 1);
  CALL(eventfd2, 0, 2 << 20);
  CALL(epoll_create1, 1);
  CALL(inotify_init1, 1);
  CALL(timerfd_create, 1, 1);
  CALL(signalfd4, -1, &(uint64_t){0}, 8, 1);
  CALL(memfd_create, "x", 0x1000);
  CALL(unlinkat, AT_FDCWD, "x", 1);
  CALL(linkat, AT_FDCWD, "x", AT_FDCWD, "y", 1);
  CALL(renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 8);
  CALL(fchownat, AT_FDCWD, "x", 0, 0, 1);
  CALL(newfstatat, AT_FDCWD, "x", ends, 1);
  CALL(utimensat, AT_FDCWD, "x", NULL, 1);
  CALL(close_range, 5, 5, 1);
  CALL(getrandom, ends, 1, 8);
  CALL(waitid, P_ALL, 0, NULL, 0, NULL);
  CALL(wait4, -1, NULL, 0x10, NULL);
  CALL(pidfd_open, getpid(), 1);
  CALL(mlock2, 0, 0, 2);
  CALL(mlockall, 8);
  CALL(msync, 0, 0, 8);
  CALL(flock, 0, 16);
  CALL(membarrier, 0, 1, 0);
}

CASE(bad_processes) {
  CALL(kill, 999999, 0);
  CALL(tkill, 999999, 0);
  CALL(tgkill, getpid(), 999999, 0);
  CALL(getpgid, 999999);
  CALL(getsid, 999999);
  CALL(setpgid, 999999, 0);
  CALL(getpriority, 0, 999999);
  CALL(setpriority, 0, 999999, 0);
  CALL(sched_getscheduler, 999999);
  CALL(sched_setaffinity, 999999, 8, &(uint64_t){1});
  CALL(sched_getparam, -1, NULL);
  CALL(prlimit64, 999999, 0, NULL, NULL);
  CALL(wait4, 999999, NULL, 0, NULL);
  CALL(pidfd_open, 999999, 0);
  CALL(get_robust_list, 999999, NULL, NULL);
  CALL(process_vm_readv, 999999, NULL, 0, NULL, 0, 0);
  CALL(rt_sigqueueinfo, 999999, 10, &(siginfo_t){.si_code = -1});
  CALL(setns, 99, 0);
}

CASE(no_such_call) {
  TELL("500", syscall(500));
  TELL("9999", syscall(9999));
  TELL("-1", syscall(-1));
  TELL("244", syscall(244));
}

CASE(huge_lengths) {
  char text[8];
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 8);
  CALL(read, fd, text, -1L);
  CALL(write, fd, NOWHERE, -1L);
  CALL(pread64, fd, text, 1, LONG_MAX);
  CALL(pwrite64, fd, text, 8, LONG_MAX - 4);
  CALL(mmap, NULL, LONG_MAX, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CALL(munmap, 4096, LONG_MAX & ~4095);
  CALL(mprotect, 0, -4096L, 0);
  CALL(mremap, 4096, -1L, -1L, 1);
  CALL(getgroups, INT_MAX, NOWHERE);
  CALL(ppoll, NULL, 1u << 30, NULL, NULL, 0);
  CALL(readv, fd, NULL, -1L);
  CALL(getrandom, NOWHERE, -1L, 0);
}
