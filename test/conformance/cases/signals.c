/* Sending, blocking, catching and taking signals. */
#include "case.h"

static volatile int caught[65], order[32], ordered, value_seen;
static siginfo_t seen;
static void on_signal(int number) {
  caught[number]++;
  if (ordered < 32) order[ordered++] = number;
}
static void on_info(int number, siginfo_t *info, void *context) {
  on_signal(number);
  seen = *info;
}
static void handle(int number, int flags) {
  struct sigaction action = {.sa_flags = flags | SA_SIGINFO, .sa_sigaction = on_info};
  sigaction(number, &action, NULL);
}
static sigset_t set_of(int first, int second) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, first);
  if (second) sigaddset(&set, second);
  return set;
}
static void block(int number) {
  sigset_t set = set_of(number, 0);
  sigprocmask(SIG_BLOCK, &set, NULL);
}
static void unblock(int number) {
  sigset_t set = set_of(number, 0);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

CASE(default_actions) {
  pid_t child;
  for (int number = 1; number < 66; number++) {
    if (number == 32 || number == 33 || (number > 35 && number < 63)) continue;
    int status;
    IN_CHILD(child) {
      struct rlimit none = {0, 0};
      setrlimit(RLIMIT_CORE, &none);
      kill(getpid(), number);
    }
    waitpid(child, &status, WUNTRACED);
    char what[32];
    snprintf(what, sizeof what, "%s", signal_name(number));
    show_status(what, status);
    if (WIFSTOPPED(status)) kill(child, SIGKILL), waitpid(child, NULL, 0);
  }
}

CASE(action_errors) {
  struct sigaction action = {.sa_handler = on_signal}, old;
  SHOW(sigaction(SIGKILL, &action, NULL));
  SHOW(sigaction(SIGSTOP, &action, NULL));
  SHOW(sigaction(SIGKILL, NULL, &old));
  SHOW(sigaction(0, &action, NULL));
  SHOW(sigaction(65, &action, NULL));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8));
  SHOW(sigaction(SIGUSR1, &action, &old));
  YES(old.sa_handler == SIG_DFL);
  SHOW(sigaction(SIGUSR1, NULL, &old));
  YES(old.sa_handler == on_signal);
  SHOW(kill(getpid(), 65));
  SHOW(kill(getpid(), -1));
  SHOW(kill(999999, SIGTERM));
  SHOW(syscall(SYS_tgkill, getpid(), 999999, SIGTERM));
  SHOW(syscall(SYS_tgkill, -1, 1, SIGTERM));
  SHOW(syscall(SYS_tkill, 0, SIGTERM));
}

CASE(mask_is_kept) {
  handle(SIGUSR1, 0);
  block(SIGUSR1);
  raise(SIGUSR1), raise(SIGUSR1);
  SHOW(caught[SIGUSR1]);
  sigset_t pending;
  sigpending(&pending);
  SHOW(sigismember(&pending, SIGUSR1));
  unblock(SIGUSR1);
  SHOW(caught[SIGUSR1]);
  sigset_t all, now;
  sigfillset(&all);
  SHOW(sigprocmask(SIG_SETMASK, &all, NULL));
  sigprocmask(SIG_BLOCK, NULL, &now);
  SHOW(sigismember(&now, SIGKILL));
  SHOW(sigismember(&now, SIGSTOP));
  SHOW(sigismember(&now, SIGTERM));
  SHOW(sigprocmask(99, &all, NULL));
  SHOW(sigprocmask(99, NULL, &now));
  SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 16));
  SHOW(sigpending((void *)8));
}

CASE(ignored_pending) {
  block(SIGUSR1);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigset_t pending;
  sigpending(&pending);
  SHOW(sigismember(&pending, SIGUSR1));
  raise(SIGUSR1);
  sigpending(&pending);
  SHOW(sigismember(&pending, SIGUSR1));
  handle(SIGUSR1, 0);
  unblock(SIGUSR1);
  SHOW(caught[SIGUSR1]);
  block(SIGCHLD);
  raise(SIGCHLD);
  sigpending(&pending);
  SHOW(sigismember(&pending, SIGCHLD));
}

static volatile int depth, deepest, mask_inside;
static void nest(int number) {
  sigset_t now;
  if (++depth > deepest) deepest = depth;
  sigprocmask(SIG_BLOCK, NULL, &now);
  mask_inside = sigismember(&now, SIGUSR1) * 10 + sigismember(&now, SIGUSR2);
  if (caught[number]++ < 3) raise(number);
  depth--;
}

CASE(handler_masks) {
  struct sigaction action = {.sa_handler = nest};
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  SHOW(deepest);
  SHOW(caught[SIGUSR1]);
  SHOW(mask_inside);
  action.sa_flags = SA_NODEFER;
  caught[SIGUSR1] = deepest = 0;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  SHOW(deepest);
  SHOW(mask_inside);
  action.sa_mask = set_of(SIGUSR2, 0);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  SHOW(mask_inside);
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  SHOW(sigisemptyset(&now));
}

CASE(reset_handler) {
  pid_t child;
  struct sigaction old;
  IN_CHILD(child) {
    handle(SIGUSR1, SA_RESETHAND);
    raise(SIGUSR1);
    SHOW(caught[SIGUSR1]);
    sigaction(SIGUSR1, NULL, &old);
    YES(old.sa_handler == SIG_DFL);
    raise(SIGUSR1);
  }
  ENDED(child);
}

CASE(alternate_stack) {
  static char room[65536];
  stack_t stack = {.ss_sp = room, .ss_size = sizeof room}, old;
  SHOW(sigaltstack(NULL, &old));
  HEX(old.ss_flags);
  SHOW(sigaltstack(&stack, NULL));
  SHOW(sigaltstack(NULL, &old));
  HEX(old.ss_flags);
  SHOW(old.ss_size);
  stack.ss_size = 100;
  SHOW(sigaltstack(&stack, NULL));
  stack.ss_flags = 0x40, stack.ss_size = sizeof room;
  SHOW(sigaltstack(&stack, NULL));
  stack.ss_flags = SS_DISABLE;
  SHOW(sigaltstack(&stack, NULL));
  SHOW(sigaltstack((void *)8, NULL));
}

static char alternate[65536];
static volatile bool on_it;
static volatile int stack_flags, change_error;
static void where(int number) {
  char here;
  stack_t old, other = {.ss_flags = SS_DISABLE};
  on_it = &here >= alternate && &here < alternate + sizeof alternate;
  sigaltstack(NULL, &old);
  stack_flags = old.ss_flags;
  change_error = sigaltstack(&other, NULL) < 0 ? errno : 0;
}

CASE(handlers_on_stacks) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
  struct sigaction action = {.sa_handler = where, .sa_flags = SA_ONSTACK};
  sigaltstack(&stack, NULL);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  YES(on_it);
  HEX(stack_flags);
  TEXT(error_name(change_error));
  action.sa_flags = 0;
  sigaction(SIGUSR1, &action, NULL);
  stack.ss_flags = 1U << 31;
  raise(SIGUSR1);
  YES(on_it);
  SHOW(sigaltstack(&stack, NULL));
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  YES(on_it);
  HEX(stack_flags);
  sigaltstack(NULL, &old);
  HEX(old.ss_flags);
}

CASE(realtime_queue) {
  handle(SIGRTMIN, 0), handle(SIGRTMIN + 1, 0), handle(SIGUSR1, 0);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
  for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 + i});
  raise(SIGUSR1), raise(SIGUSR1);
  struct timespec zero = {0, 0};
  siginfo_t info;
  for (int number; (number = sigtimedwait(&all, &info, &zero)) > 0;) say("%s code %d value %d\n", number < 32 ? signal_name(number) : number == SIGRTMIN ? "RTMIN" : "RTMIN+1", info.si_code, info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
  SHOW(sigtimedwait(&all, &info, &zero));
}

CASE(handler_order) {
  handle(SIGUSR1, 0), handle(SIGUSR2, 0), handle(SIGHUP, 0), handle(SIGRTMIN, 0), handle(SIGSEGV, 0);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  kill(getpid(), SIGRTMIN), kill(getpid(), SIGUSR2), kill(getpid(), SIGUSR1), kill(getpid(), SIGHUP), kill(getpid(), SIGSEGV);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  /* The last one entered runs first. */
  for (int i = 0; i < ordered; i++) say("%s\n", order[i] == SIGRTMIN ? "RTMIN" : signal_name(order[i]));
}

CASE(waiting_for_signals) {
  sigset_t set = set_of(SIGUSR1, SIGUSR2);
  siginfo_t info;
  int number;
  pid_t child, self = getpid();
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct timespec soon = {0, 20000000};
  SHOW(sigtimedwait(&set, &info, &soon));
  IN_CHILD(child) kill(self, SIGUSR1);
  SHOW(sigwaitinfo(&set, &info));
  SHOW(info.si_code);
  YES(info.si_pid == child);
  ENDED(child);
  IN_CHILD(child) kill(self, SIGUSR2);
  SHOW(sigwait(&set, &number));
  SHOW(number);
  ENDED(child);
  handle(SIGALRM, SA_RESTART);
  alarm(1);
  SHOW(sigwaitinfo(&set, &info));
  SHOW(caught[SIGALRM]);
  soon.tv_nsec = -1;
  SHOW(sigtimedwait(&set, &info, &soon));
  SHOW(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 4));
}

CASE(suspending) {
  pid_t child, self = getpid();
  handle(SIGUSR1, SA_RESTART);
  block(SIGUSR1);
  IN_CHILD(child) kill(self, SIGUSR1);
  sigset_t none, now;
  sigemptyset(&none);
  SHOW(sigsuspend(&none));
  SHOW(caught[SIGUSR1]);
  sigprocmask(SIG_BLOCK, NULL, &now);
  SHOW(sigismember(&now, SIGUSR1));
  ENDED(child);
  unblock(SIGUSR1);
  IN_CHILD(child) nap(30), kill(self, SIGUSR1);
  SHOW(pause());
  SHOW(caught[SIGUSR1]);
  ENDED(child);
}

CASE(info_of_senders) {
  handle(SIGUSR1, 0), handle(SIGRTMIN, 0), handle(SIGALRM, 0);
  kill(getpid(), SIGUSR1);
  SHOW(seen.si_code);
  YES(seen.si_pid == getpid());
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  SHOW(seen.si_code);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 42});
  SHOW(seen.si_code);
  SHOW(seen.si_value.sival_int);
  struct itimerval timer = {.it_value = {0, 1000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  while (!caught[SIGALRM]) nap(5);
  SHOW(seen.si_code);
  siginfo_t own = {.si_code = 5};
  SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &own));
  SHOW(seen.si_code);
  SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &own));
  own.si_code = SI_TKILL;
  SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &own));
}

CASE(info_of_faults) {
  pid_t child;
  IN_CHILD(child) {
    handle(SIGILL, SA_RESETHAND);
    struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_info};
    asm volatile("unimp");
  }
  ENDED(child);
  IN_CHILD(child) {
    signal(SIGSEGV, SIG_IGN);
    *(volatile int *)8 = 1;
  }
  ENDED(child);
  IN_CHILD(child) {
    block(SIGSEGV);
    handle(SIGSEGV, 0);
    *(volatile int *)8 = 1;
  }
  ENDED(child);
  IN_CHILD(child) asm volatile("ebreak");
  ENDED(child);
}

/* Each call is interrupted by a handler, once with SA_RESTART and once without; then what it waits for comes. */
static int feed = -1;
static void feeding(int number) {
  caught[number]++;
  if (feed >= 0) {
    pid_t child = fork();
    if (child == 0) {
      nap(50);
      write(feed, "abc", 3);
      _exit(0);
    }
  }
}
static void interrupt_soon(int flags) {
  struct sigaction action = {.sa_handler = feeding, .sa_flags = flags};
  struct itimerval timer = {.it_value = {0, 50000}};
  caught[SIGALRM] = 0;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
}
#define INTERRUPTED(call) (interrupt_soon(0), TELL(#call ", no restart", call), interrupt_soon(SA_RESTART), TELL(#call ", restart", call), say("caught %d\n", caught[SIGALRM]))

CASE(restart_reading) {
  int ends[2];
  char text[8];
  pipe(ends);
  feed = ends[1];
  interrupt_soon(SA_RESTART);
  TELL("read, restart", read(ends[0], text, 3));
  SHOW(caught[SIGALRM]);
  feed = -1;
  interrupt_soon(0);
  TELL("read, no restart", read(ends[0], text, 3));
  struct iovec vector = {text, 3};
  interrupt_soon(0);
  TELL("readv, no restart", readv(ends[0], &vector, 1));
}

CASE(restart_writing) {
  int ends[2];
  static char data[100000];
  pipe(ends);
  interrupt_soon(0);
  SHOW(write(ends[1], data, sizeof data));
  interrupt_soon(0);
  SHOW(write(ends[1], data, sizeof data));
  interrupt_soon(SA_RESTART);
  pid_t child;
  IN_CHILD(child) {
    nap(120);
    close(ends[1]);
    while (read(ends[0], data, sizeof data) > 0) {}
  }
  SHOW(write(ends[1], data, sizeof data));
  SHOW(caught[SIGALRM]);
  close(ends[1]);
  ENDED(child);
}

CASE(restart_waiting_for_children) {
  pid_t child;
  IN_CHILD(child) nap(200);
  interrupt_soon(0);
  SHOW(waitpid(child, NULL, 0));
  interrupt_soon(SA_RESTART);
  SHOW(waitpid(child, NULL, 0) == child);
  SHOW(caught[SIGALRM]);
}

CASE(restart_never) {
  sigset_t none;
  sigemptyset(&none);
  struct timespec second = {1, 0};
  struct pollfd fd = {-1, 0, 0};
  INTERRUPTED(nanosleep(&second, NULL));
  INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL));
  INTERRUPTED(poll(&fd, 1, 1000));
  INTERRUPTED(select(0, NULL, NULL, NULL, &(struct timeval){1, 0}));
  INTERRUPTED(pause());
  INTERRUPTED(sigsuspend(&none));
}

CASE(restart_without_handler) {
  pid_t child;
  int ends[2];
  char byte;
  pipe(ends);
  struct timespec time = {0, 200000000};
  IN_CHILD(child) {
    struct pollfd fd = {ends[0], POLLIN, 0};
    SHOW(nanosleep(&time, NULL));
    SHOW(poll(&fd, 1, 300));
    SHOW(read(ends[0], &byte, 1));
  }
  for (int i = 0; i < 6; i++) nap(40), kill(child, SIGSTOP), nap(10), kill(child, SIGCONT), kill(child, SIGWINCH);
  nap(500);
  write(ends[1], "x", 1);
  ENDED(child);
}

CASE(permission_to_send) {
  pid_t child, target;
  struct gate gate = new_gate();
  IN_CHILD(target) setresuid(2000, 2000, 2000), open_gate(gate), pause();
  wait_gate(gate);
  IN_CHILD(child) {
    setresuid(1000, 1000, 1000);
    SHOW(kill(target, 0));
    SHOW(kill(target, SIGTERM));
    SHOW(kill(getppid(), 0));
    SHOW(kill(1, SIGTERM));
    SHOW(sigqueue(target, SIGTERM, (union sigval){0}));
    SHOW(kill(target, SIGCONT));
  }
  ENDED(child);
  IN_CHILD(child) {
    setresuid(2000, 1000, 1000);
    SHOW(kill(target, 0));
  }
  ENDED(child);
  SHOW(kill(target, SIGTERM));
  ENDED(target);
}

CASE(group_sending) {
  pid_t first, second;
  struct gate gate = new_gate();
  IN_CHILD(first) setpgid(0, 0), open_gate(gate), pause();
  wait_gate(gate);
  IN_CHILD(second) setpgid(0, first), open_gate(gate), pause();
  wait_gate(gate);
  SHOW(kill(-first, SIGUSR1));
  ENDED(first);
  ENDED(second);
  SHOW(kill(-first, SIGUSR1));
  SHOW(killpg(-1, SIGUSR1));
}

static volatile bool changed_mask;
static void change_return(int number, siginfo_t *info, void *context) {
  ucontext_t *frame = context;
  sigaddset(&frame->uc_sigmask, SIGUSR2);
  frame->uc_mcontext.__gregs[REG_A0] = 99;
}

CASE(handler_changes_context) {
  struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = change_return};
  sigaction(SIGUSR1, &action, NULL);
  register long a0 asm("a0") = getpid();
  register long a1 asm("a1") = SIGUSR1;
  register long a7 asm("a7") = SYS_kill;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
  long result = a0;
  SHOW(result);
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  SHOW(sigismember(&now, SIGUSR2));
}

static void float_handler(int number) {
  volatile double x = 1.5;
  x = x * 3 / 7;
  asm volatile("fsflags zero");
}

CASE(handler_keeps_floats) {
  signal(SIGUSR1, float_handler);
  register double f asm("fs0") = 2.25, g asm("ft3") = 7.5;
  asm volatile("" : "+f"(f), "+f"(g));
  long flags, a0 = getpid();
  asm volatile("fsflags %3\n mv a0, %1\n li a1, 10\n li a7, 129\n ecall\n frflags %0" : "=r"(flags), "+r"(a0), "+f"(g) : "r"(5) : "a0", "a1", "a7", "memory");
  SHOW(flags);
  SHOW((long)(f * 100));
  SHOW((long)(g * 100));
}
