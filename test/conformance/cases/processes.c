/* Making processes, waiting for them, their groups and sessions, and what becomes of orphans. */
#include "case.h"
#include <linux/sched.h>
#include <sys/resource.h>

CASE(fork_basics) {
  pid_t child, parent = getpid();
  IN_CHILD(child) {
    YES(getppid() == parent);
    YES(getpid() != parent && getpid() == gettid());
    YES(getpgrp() == parent);
    _exit(300);
  }
  ENDED(child);
  YES(child > 0);
  SHOW(waitpid(child, NULL, 0));
  SHOW(kill(child, 0));
  SHOW(wait(NULL));
}

CASE(fork_shares_files) {
  int fd = open("a", O_RDWR | O_CREAT, 0644), other;
  pid_t child;
  write(fd, "abc", 3);
  IN_CHILD(child) {
    write(fd, "def", 3);
    other = open("b", O_RDWR | O_CREAT, 0644);
    fcntl(fd, F_SETFL, O_APPEND);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    chdir("/"), umask(077);
  }
  ENDED(child);
  SHOW(lseek(fd, 0, SEEK_CUR));
  HEX(fcntl(fd, F_GETFL) & O_APPEND);
  SHOW(fcntl(fd, F_GETFD));
  SHOW(access("a", F_OK));
  SHOW(umask(022));
}

CASE(fork_signal_state) {
  pid_t child;
  sigset_t set, pending;
  struct sigaction action;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGUSR2, SIG_IGN);
  raise(SIGUSR1);
  alarm(100);
  IN_CHILD(child) {
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_BLOCK, NULL, &set);
    SHOW(sigismember(&set, SIGUSR1));
    sigaction(SIGUSR2, NULL, &action);
    YES(action.sa_handler == SIG_IGN);
    SHOW(alarm(0));
  }
  ENDED(child);
  SHOW(alarm(0) > 90);
}

CASE(vfork_waits) {
  static volatile int value;
  pid_t child = vfork();
  if (child == 0) {
    value = 7;
    _exit(3);
  }
  SHOW(value);
  ENDED(child);
}

CASE(wait_statuses) {
  pid_t child;
  int status;
  for (int code = 0; code < 512; code += 255) {
    IN_CHILD(child) _exit(code);
    ENDED(child);
  }
  IN_CHILD(child) abort();
  ENDED(child);
  IN_CHILD(child) raise(SIGKILL);
  waitpid(child, &status, 0);
  HEX(status);
  IN_CHILD(child) *(volatile int *)8 = 1;
  waitpid(child, &status, 0);
  HEX(status & 0x7f);
  IN_CHILD(child) {
    int zero = 0;
    raise(SIGFPE);
  }
  ENDED(child);
}

CASE(wait_which) {
  pid_t a, b, c;
  struct gate gate = new_gate();
  IN_CHILD(a) wait_gate(gate), _exit(1);
  IN_CHILD(b) _exit(2);
  SHOW(waitpid(a, NULL, WNOHANG));
  ENDED(b);
  SHOW(waitpid(-1, NULL, WNOHANG));
  SHOW(waitpid(999999, NULL, 0));
  IN_CHILD(c) setpgid(0, 0), wait_gate(gate), _exit(3);
  setpgid(c, c);
  open_gate(gate), open_gate(gate);
  SHOW(waitpid(-c, NULL, 0) == c);
  SHOW(waitpid(0, NULL, 0) == a);
  SHOW(waitpid(-999999, NULL, 0));
  SHOW(waitpid(-1, NULL, 0));
  SHOW(waitpid(-1, NULL, 0x100));
  SHOW(waitpid(INT_MIN, NULL, 0));
  IN_CHILD(a) _exit(4);
  SHOW(waitpid(a, (int *)8, 0));
  SHOW(waitpid(a, NULL, 0));
}

static void show_info(const char *what, int result, const siginfo_t *info) {
  if (result < 0) say("%s: %s\n", what, error_name(errno));
  else say("%s: signo %d code %d status %d pid %s uid %d\n", what, info->si_signo, info->si_code, info->si_status, info->si_pid ? "set" : "0", info->si_uid);
}

CASE(waitid_options) {
  siginfo_t info;
  pid_t child;
#define WAIT_ID(type, id, options) (memset(&info, 0, sizeof info), show_info("waitid " #options, waitid(type, id, &info, options), &info))
  IN_CHILD(child) _exit(5);
  WAIT_ID(P_PID, child, WEXITED | WNOWAIT);
  WAIT_ID(P_PID, child, WEXITED);
  WAIT_ID(P_PID, child, WEXITED);
  IN_CHILD(child) raise(SIGTERM);
  WAIT_ID(P_ALL, 0, WEXITED);
  struct gate gate = new_gate();
  IN_CHILD(child) wait_gate(gate), raise(SIGSTOP), wait_gate(gate), _exit(6);
  WAIT_ID(P_PID, child, WEXITED | WNOHANG);
  open_gate(gate);
  WAIT_ID(P_PID, child, WSTOPPED);
  WAIT_ID(P_PID, child, WSTOPPED | WNOHANG);
  kill(child, SIGCONT);
  WAIT_ID(P_PID, child, WCONTINUED);
  open_gate(gate);
  WAIT_ID(P_PGID, getpgrp(), WEXITED);
  WAIT_ID(P_PID, child, 0);
  WAIT_ID(9, child, WEXITED);
  WAIT_ID(P_ALL, 0, WEXITED);
  WAIT_ID(P_PIDFD, 99, WEXITED);
}

CASE(waitid_usage) {
  siginfo_t info = {0};
  struct rusage usage = {0};
  pid_t child;
  IN_CHILD(child) for (volatile int i = 0; i < 10000000; i++) {}
  SHOW(syscall(SYS_waitid, P_PID, child, &info, WEXITED, &usage));
  YES(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec > 0);
  getrusage(RUSAGE_CHILDREN, &usage);
  YES(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec > 0);
  IN_CHILD(child) {}
  SHOW(wait4(child, NULL, 0, &usage) == child);
  IN_CHILD(child) {}
  SHOW(syscall(SYS_waitid, P_PID, child, NULL, WEXITED, NULL));
}

CASE(stop_and_continue) {
  pid_t child;
  int status;
  /* A group of its own: in an orphaned one only SIGSTOP stops. */
  IN_CHILD(child) for (;;) pause();
  setpgid(child, child);
  until_asleep(child);
  int signals[4] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (int i = 0; i < 4; i++) {
    kill(child, signals[i]);
    waitpid(child, &status, WUNTRACED);
    show_status("child", status);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    show_status("child", status);
  }
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  SHOW(waitpid(child, &status, WUNTRACED | WNOHANG));
  kill(child, SIGTERM);
  nap(30);
  SHOW(waitpid(child, &status, WNOHANG));
  kill(child, SIGCONT);
  ENDED(child);
  IN_CHILD(child) for (;;) pause();
  kill(child, SIGSTOP);
  kill(child, SIGKILL);
  ENDED(child);
}

static volatile int children_seen, last_code;
static void on_child(int number, siginfo_t *info, void *context) { children_seen++, last_code = info->si_code; }

CASE(child_signal) {
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  pid_t child;
  sigaction(SIGCHLD, &action, NULL);
  IN_CHILD(child) _exit(1);
  ENDED(child);
  SHOW(children_seen);
  SHOW(last_code);
  IN_CHILD(child) for (;;) pause();
  kill(child, SIGSTOP);
  while (children_seen < 2) nap(5);
  SHOW(last_code);
  kill(child, SIGCONT);
  while (children_seen < 3) nap(5);
  SHOW(last_code);
  kill(child, SIGKILL);
  while (children_seen < 4) nap(5);
  SHOW(last_code);
  ENDED(child);
  action.sa_flags |= SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, NULL);
  IN_CHILD(child) for (;;) pause();
  kill(child, SIGSTOP);
  waitpid(child, NULL, WUNTRACED);
  SHOW(children_seen);
  kill(child, SIGKILL);
  ENDED(child);
}

CASE(children_not_waited_for) {
  pid_t child;
  struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
  signal(SIGCHLD, SIG_IGN);
  IN_CHILD(child) _exit(1);
  SHOW(waitpid(child, NULL, 0));
  sigaction(SIGCHLD, &action, NULL);
  IN_CHILD(child) _exit(1);
  SHOW(wait(NULL));
  signal(SIGCHLD, SIG_DFL);
  IN_CHILD(child) _exit(1);
  nap(30);
  SHOW(kill(child, 0));
  say("state %c\n", state_of(child, child));
  ENDED(child);
}

CASE(orphans) {
  pid_t child, self = getpid();
  struct gate gate = new_gate(), done = new_gate();
  IN_CHILD(child) {
    pid_t parent = getpid(), grandchild;
    IN_CHILD(grandchild) {
      wait_gate(gate);
      YES(getppid() != parent);
      YES(getppid() != self);
      open_gate(done);
    }
  }
  ENDED(child);
  open_gate(gate), wait_gate(done);
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
  int is = 0;
  SHOW(prctl(PR_GET_CHILD_SUBREAPER, &is));
  SHOW(is);
  IN_CHILD(child) {
    pid_t grandchild;
    IN_CHILD(grandchild) {
      wait_gate(gate);
      YES(getppid() == self);
      _exit(9);
    }
  }
  ENDED(child);
  open_gate(gate);
  int status;
  wait(&status);
  show_status("grandchild", status);
}

CASE(parent_death_signal) {
  pid_t child;
  struct gate gate = new_gate(), set = new_gate();
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
  IN_CHILD(child) {
    pid_t grandchild;
    IN_CHILD(grandchild) {
      SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
      open_gate(set);
      for (;;) pause();
    }
    wait_gate(set);
  }
  ENDED(child);
  int status;
  wait(&status);
  show_status("grandchild", status);
  int number = -1;
  SHOW(prctl(PR_GET_PDEATHSIG, &number));
  SHOW(number);
  SHOW(prctl(PR_SET_PDEATHSIG, 100));
}

CASE(process_groups) {
  pid_t child;
  struct gate gate = new_gate(), ready = new_gate();
  YES(getpgrp() == getpid());
  YES(getpgid(0) == getpgrp());
  SHOW(getpgid(999999));
  IN_CHILD(child) open_gate(ready), wait_gate(gate);
  wait_gate(ready);
  SHOW(setpgid(child, child));
  YES(getpgid(child) == child);
  SHOW(setpgid(child, getpgrp()));
  SHOW(setpgid(child, 999999));
  SHOW(setpgid(child, -1));
  SHOW(setpgid(999999, 0));
  SHOW(setpgid(0, 0));
  SHOW(setpgid(getppid(), 0));
  SHOW(kill(-getpgrp(), 0));
  SHOW(kill(-999999, 0));
  open_gate(gate);
  ENDED(child);
  IN_CHILD(child) setpgid(0, 0), open_gate(ready), pause();
  wait_gate(ready);
  SHOW(kill(-child, SIGTERM));
  ENDED(child);
}

CASE(sessions) {
  pid_t child;
  YES(getsid(0) == getpid());
  SHOW(setsid());
  struct gate gate = new_gate(), ready = new_gate();
  IN_CHILD(child) {
    YES(getsid(0) == getppid());
    YES(setsid() == getpid());
    YES(getsid(0) == getpid() && getpgrp() == getpid());
    open_gate(ready), wait_gate(gate);
  }
  wait_gate(ready);
  SHOW(setpgid(child, getpgrp()));
  YES(getsid(child) == child);
  SHOW(getsid(999999));
  open_gate(gate);
  ENDED(child);
}

static long clone3_call(struct clone_args *args, size_t size) { return syscall(SYS_clone3, args, size); }

CASE(clone_flag_errors) {
  struct clone_args args = {.flags = CLONE_THREAD};
#define TRY(bits) (args = (struct clone_args){.flags = (bits)}, TELL("clone3 " #bits, clone3_call(&args, sizeof args)))
  TRY(CLONE_THREAD);
  TRY(CLONE_SIGHAND);
  TRY(CLONE_THREAD | CLONE_SIGHAND);
  TRY(CLONE_FS | CLONE_NEWNS);
  TRY(CLONE_SIGHAND | CLONE_CLEAR_SIGHAND | CLONE_VM);
  TRY(1UL << 40);
  TRY(SIGCHLD);
  args = (struct clone_args){.exit_signal = 100};
  SHOW(clone3_call(&args, sizeof args));
  args = (struct clone_args){.stack_size = 100};
  SHOW(clone3_call(&args, sizeof args));
  args = (struct clone_args){.stack = 4096};
  SHOW(clone3_call(&args, sizeof args));
  args = (struct clone_args){0};
  SHOW(clone3_call(&args, 8));
  SHOW(clone3_call((void *)8, sizeof args));
  args.set_tid_size = 1;
  SHOW(clone3_call(&args, sizeof args));
  SHOW(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
  SHOW(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID, 0, 0, 0, 0));
}

CASE(clone_sets_and_clears) {
  pid_t parent_tid = 0, *child_tid = shared_memory(4096);
  int pidfd = -1;
  struct clone_args args = {.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_PIDFD, .exit_signal = SIGCHLD, .parent_tid = (uintptr_t)&parent_tid, .child_tid = (uintptr_t)child_tid, .pidfd = (uintptr_t)&pidfd};
  pid_t child = clone3_call(&args, sizeof args);
  if (child == 0) {
    child_tid[1] = *child_tid == getpid();
    _exit(4);
  }
  YES(parent_tid == child);
  YES(pidfd >= 0);
  SHOW(fcntl(pidfd, F_GETFD));
  siginfo_t info = {0};
  struct pollfd fd = {pidfd, POLLIN, 0};
  SHOW(poll(&fd, 1, 5000));
  SHOW(waitid(P_PIDFD, pidfd, &info, WEXITED));
  SHOW(info.si_status);
  SHOW(child_tid[1]);
  *child_tid = 5;
  args = (struct clone_args){.flags = CLONE_CHILD_CLEARTID, .exit_signal = SIGCHLD, .child_tid = (uintptr_t)child_tid};
  child = clone3_call(&args, sizeof args);
  if (child == 0) _exit(0);
  ENDED(child);
  SHOW(*child_tid);
}

CASE(clone_shares) {
  pid_t child;
  int umask_before = umask(022), fd;
  struct clone_args args = {.flags = CLONE_FILES | CLONE_FS, .exit_signal = SIGCHLD};
  mkdir("d", 0755);
  child = clone3_call(&args, sizeof args);
  if (child == 0) {
    dup2(1, 50);
    chdir("d"), umask(077);
    _exit(0);
  }
  ENDED(child);
  SHOW(fcntl(50, F_GETFD));
  SHOW(access("../d", F_OK));
  SHOW(umask(022));
  args = (struct clone_args){.exit_signal = 0};
  child = clone3_call(&args, sizeof args);
  if (child == 0) _exit(6);
  SHOW(waitpid(child, NULL, 0));
  int status = 0;
  SHOW(waitpid(child, &status, __WCLONE) == child);
  show_status("child", status);
  args = (struct clone_args){.exit_signal = SIGUSR1};
  signal(SIGUSR1, SIG_IGN);
  child = clone3_call(&args, sizeof args);
  if (child == 0) _exit(7);
  SHOW(waitpid(child, &status, __WALL) == child);
  show_status("child", status);
}

CASE(clone_parent_and_handlers) {
  pid_t child, self = getpid();
  struct sigaction action;
  struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
  signal(SIGUSR1, on_child == NULL ? SIG_IGN : (void (*)(int))on_child), signal(SIGUSR2, SIG_IGN);
  child = clone3_call(&args, sizeof args);
  if (child == 0) {
    sigaction(SIGUSR1, NULL, &action);
    YES(action.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, NULL, &action);
    YES(action.sa_handler == SIG_IGN);
    _exit(0);
  }
  ENDED(child);
  struct gate gate = new_gate();
  IN_CHILD(child) {
    args = (struct clone_args){.flags = CLONE_PARENT};
    pid_t sibling = clone3_call(&args, sizeof args);
    if (sibling == 0) {
      wait_gate(gate), wait_gate(gate);
      YES(getppid() == self);
      _exit(8);
    }
    open_gate(gate);
    SHOW(waitpid(sibling, NULL, __WALL) < 0 ? errno : 0);
  }
  ENDED(child);
  open_gate(gate);
  int status;
  SHOW(waitpid(-1, &status, __WALL) > 0);
  show_status("sibling", status);
}

CASE(process_descriptors) {
  pid_t child;
  IN_CHILD(child) for (;;) pause();
  int fd = syscall(SYS_pidfd_open, child, 0);
  show_result("pidfd_open", fd, true);
  SHOW(fcntl(fd, F_GETFD));
  SHOW(syscall(SYS_pidfd_open, child, 0x1));
  SHOW(syscall(SYS_pidfd_open, 999999, 0));
  SHOW(syscall(SYS_pidfd_open, -1, 0));
  struct pollfd poll_fd = {fd, POLLIN, 0};
  SHOW(poll(&poll_fd, 1, 0));
  SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
  SHOW(syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0));
  SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
  SHOW(poll(&poll_fd, 1, 5000));
  HEX(poll_fd.revents);
  SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
  ENDED(child);
  SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
  char byte;
  SHOW(read(fd, &byte, 1));
}

CASE(exit_closes) {
  int ends[2];
  char byte;
  pid_t child;
  pipe(ends);
  IN_CHILD(child) {
    pid_t grandchild;
    IN_CHILD(grandchild) {
      close(ends[0]);
      nap(30);
    }
  }
  close(ends[1]);
  SHOW(read(ends[0], &byte, 1));
  ENDED(child);
}

static void at_exit(void) { say("exit handler\n"); }

CASE(exit_ways) {
  pid_t child;
  IN_CHILD(child) {
    atexit(at_exit);
    exit(3);
  }
  ENDED(child);
  IN_CHILD(child) syscall(SYS_exit_group, 4);
  ENDED(child);
  IN_CHILD(child) syscall(SYS_exit, 5);
  ENDED(child);
  IN_CHILD(child) syscall(SYS_exit, 0x1234);
  ENDED(child);
}

CASE(pidfd_of_proc) {
  pid_t child;
  char path[64];
  IN_CHILD(child) pause();
  snprintf(path, sizeof path, "/proc/%d", child);
  int directory = open(path, O_RDONLY | O_DIRECTORY);
  SHOW(syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0));
  SHOW(syscall(SYS_pidfd_send_signal, open("/proc", O_RDONLY), 0, NULL, 0));
  SHOW(syscall(SYS_pidfd_send_signal, directory, SIGTERM, NULL, 0));
  ENDED(child);
  SHOW(syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0));
}

HELPER(nothing) {}

CASE(children_of_other_kinds) {
  struct clone_args args = {.exit_signal = SIGUSR1};
  int status = 0;
  pid_t child;
  siginfo_t info;
  signal(SIGUSR1, SIG_IGN);
  child = clone3_call(&args, sizeof args);
  if (child == 0) _exit(3);
  SHOW(waitid(P_PID, child, &info, WEXITED));
  SHOW(waitid(P_PID, child, &info, WEXITED | WNOWAIT | __WCLONE));
  SHOW(info.si_status);
  YES(waitpid(-1, &status, __WCLONE) == child);
  SHOW(waitpid(-1, &status, __WALL));
  IN_CHILD(child) _exit(4);
  SHOW(waitpid(child, &status, __WCLONE));
  ENDED(child);
  child = clone3_call(&args, sizeof args);
  if (child == 0) {
    execl("/proc/self/exe", "suite", "+nothing", NULL);
    _exit(1);
  }
  YES(waitpid(child, &status, __WALL) == child);
  show_status("child", status);
}
