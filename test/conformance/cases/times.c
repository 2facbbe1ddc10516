/* Clocks, sleeping, and timers. */
#include "case.h"
#include <sys/times.h>
#include <sys/timex.h>

static volatile int caught, last_code, last_value, last_tid;
static void on_timer(int number, siginfo_t *info, void *context) {
  caught++, last_code = info->si_code, last_value = info->si_value.sival_int, last_tid = gettid();
}
static void handle(int number) {
  struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_timer};
  sigaction(number, &action, NULL);
}

CASE(clocks) {
  struct timespec time;
  int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI, 10, 99, -1};
  for (unsigned i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
    TELL("gettime", syscall(SYS_clock_gettime, clocks[i], &time));
    TELL("getres", syscall(SYS_clock_getres, clocks[i], &time));
  }
  SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
  SHOW(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
  int64_t before = now_ns(CLOCK_MONOTONIC);
  nap(10);
  YES(now_ns(CLOCK_MONOTONIC) - before >= 10000000);
  YES(now_ns(CLOCK_REALTIME) > 0);
  YES(time.tv_nsec < 1000000000);
}

CASE(setting_clocks) {
  pid_t child;
  struct timespec bad = {0, 1000000000};
  SHOW(clock_settime(CLOCK_MONOTONIC, &bad));
  SHOW(clock_settime(CLOCK_REALTIME, &bad));
  IN_CHILD(child) {
    setresuid(1000, 1000, 1000);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    SHOW(clock_settime(CLOCK_REALTIME, &now));
    struct timex adjust = {.modes = ADJ_OFFSET};
    SHOW(adjtimex(&adjust) < 0 ? errno : 0);
  }
  ENDED(child);
}

CASE(cpu_clocks) {
  int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
  nap(50);
  YES(now_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 40000000);
  before = now_ns(CLOCK_THREAD_CPUTIME_ID);
  for (volatile int i = 0; i < 3000000; i++) {}
  YES(now_ns(CLOCK_THREAD_CPUTIME_ID) > before);
  clockid_t clock;
  SHOW(clock_getcpuclockid(0, &clock));
  YES(now_ns(clock) > 0);
  SHOW(clock_getcpuclockid(999999, &clock));
  struct tms times_used;
  YES(times(&times_used) > 0);
  struct rusage usage;
  SHOW(getrusage(RUSAGE_SELF, &usage));
  YES(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec > 0);
  YES(usage.ru_maxrss > 0);
  SHOW(getrusage(RUSAGE_THREAD, &usage));
  SHOW(getrusage(5, &usage));
}

CASE(sleeping) {
  struct timespec time = {0, 1000000000}, left = {9, 9};
  SHOW(nanosleep(&time, NULL));
  time.tv_nsec = -1;
  SHOW(nanosleep(&time, NULL));
  SHOW(nanosleep((void *)8, NULL));
  time = (struct timespec){-1, 0};
  SHOW(nanosleep(&time, NULL));
  time = (struct timespec){0, 0};
  SHOW(nanosleep(&time, &left));
  SHOW(left.tv_sec);
  handle(SIGALRM);
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  time = (struct timespec){5, 0};
  SHOW(nanosleep(&time, &left));
  YES(left.tv_sec == 4 && left.tv_nsec > 0);
  SHOW(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL));
  SHOW(clock_nanosleep(99, 0, &time, NULL));
  setitimer(ITIMER_REAL, &timer, NULL);
  left = (struct timespec){9, 9};
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_sec += 5;
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, &left));
  SHOW(left.tv_sec);
  time.tv_sec = 1;
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0, 1}, NULL));
  SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL));
}

CASE(interval_timers) {
  handle(SIGALRM);
  struct itimerval timer = {{0, 20000}, {0, 10000}}, old;
  SHOW(setitimer(ITIMER_REAL, &timer, NULL));
  while (caught < 3) pause();
  YES(last_code == SI_KERNEL);
  timer = (struct itimerval){{0}, {0}};
  SHOW(setitimer(ITIMER_REAL, &timer, &old));
  SHOW(old.it_interval.tv_usec);
  SHOW(getitimer(ITIMER_REAL, &old));
  SHOW(old.it_value.tv_sec + old.it_value.tv_usec);
  timer.it_value.tv_usec = 1000000;
  SHOW(setitimer(ITIMER_REAL, &timer, NULL));
  SHOW(setitimer(9, &timer, NULL));
  SHOW(getitimer(9, &old));
  SHOW(setitimer(ITIMER_REAL, NULL, &old));
  SHOW(alarm(100));
  SHOW(alarm(0));
  SHOW(alarm(0));
}

CASE(cpu_timers) {
  handle(SIGVTALRM), handle(SIGPROF);
  struct itimerval timer = {{0}, {0, 20000}};
  SHOW(setitimer(ITIMER_VIRTUAL, &timer, NULL));
  while (caught < 1) {}
  SHOW(setitimer(ITIMER_PROF, &timer, NULL));
  while (caught < 2) {}
  SHOW(caught);
}

static volatile int thread_value;
static void in_thread(union sigval value) { thread_value = value.sival_int; }

CASE(posix_timer_notifying) {
  timer_t timer;
  struct itimerspec time = {.it_value = {0, 10000000}};
  handle(SIGALRM), handle(SIGUSR1), handle(SIGRTMIN);
  SHOW(timer_create(CLOCK_MONOTONIC, NULL, &timer));
  SHOW(timer_settime(timer, 0, &time, NULL));
  while (caught < 1) nap(5);
  YES(last_code == SI_TIMER);
  SHOW(timer_delete(timer));
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 42};
  SHOW(timer_create(CLOCK_REALTIME, &event, &timer));
  timer_settime(timer, 0, &time, NULL);
  while (caught < 2) nap(5);
  SHOW(last_value);
  timer_delete(timer);
  event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1, ._sigev_un._tid = gettid()};
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  timer_settime(timer, 0, &time, NULL);
  while (caught < 3) nap(5);
  YES(last_tid == gettid());
  timer_delete(timer);
  event = (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = in_thread, .sigev_value.sival_int = 7};
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  timer_settime(timer, 0, &time, NULL);
  while (!thread_value) nap(5);
  SHOW(thread_value);
  timer_delete(timer);
  event = (struct sigevent){.sigev_notify = SIGEV_NONE};
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  timer_settime(timer, 0, &time, NULL);
  nap(30);
  struct itimerspec left;
  timer_gettime(timer, &left);
  SHOW(left.it_value.tv_nsec);
}

CASE(posix_timer_errors) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 100};
  struct itimerspec time = {.it_value = {0, 1000000000}};
  SHOW(timer_create(99, NULL, &timer));
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  event.sigev_notify = 77;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1, ._sigev_un._tid = 1};
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  timer_create(CLOCK_MONOTONIC, NULL, &timer);
  SHOW(timer_settime(timer, 0, &time, NULL));
  SHOW(timer_settime(timer, 0, NULL, NULL));
  SHOW(syscall(SYS_timer_settime, 999, 0, &time, NULL));
  SHOW(syscall(SYS_timer_gettime, 999, &time));
  SHOW(syscall(SYS_timer_getoverrun, 999));
  SHOW(syscall(SYS_timer_delete, 999));
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, 8));
}

CASE(posix_timer_overrun) {
  timer_t timer;
  handle(SIGUSR1);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  struct itimerspec time = {{0, 1000000}, {0, 1000000}}, left;
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  timer_settime(timer, 0, &time, NULL);
  nap(50);
  siginfo_t info;
  sigwaitinfo(&set, &info);
  YES(timer_getoverrun(timer) >= 20);
  YES(info.si_overrun >= 20);
  time = (struct itimerspec){{0}, {0}};
  SHOW(timer_settime(timer, 0, &time, &left));
  SHOW(left.it_interval.tv_nsec);
  time = (struct itimerspec){{0}, {1, 0}};
  SHOW(timer_settime(timer, TIMER_ABSTIME, &time, NULL));
  SHOW(sigwaitinfo(&set, &info));
  pid_t child;
  time.it_value.tv_sec = 100;
  timer_settime(timer, 0, &time, NULL);
  IN_CHILD(child) SHOW(timer_gettime(timer, &left));
  ENDED(child);
}

CASE(clock_adjustment) {
  struct timex adjust = {0};
  YES(adjtimex(&adjust) >= 0);
  SHOW(adjust.tick);
  SHOW(adjust.tolerance);
  adjust = (struct timex){.modes = ADJ_TICK, .tick = 20000};
  SHOW(adjtimex(&adjust));
  adjust = (struct timex){.modes = ADJ_MAXERROR | ADJ_ESTERROR | ADJ_FREQUENCY, .maxerror = 5, .esterror = 6, .freq = 655360};
  YES(adjtimex(&adjust) >= 0);
  adjust = (struct timex){0};
  adjtimex(&adjust);
  SHOW(adjust.esterror);
  SHOW(adjust.freq);
  adjust = (struct timex){.modes = ADJ_FREQUENCY, .freq = 1L << 40};
  adjtimex(&adjust);
  SHOW(adjust.freq);
  adjust = (struct timex){.modes = ADJ_FREQUENCY};
  adjtimex(&adjust);
  adjust = (struct timex){.modes = ADJ_SETOFFSET, .time = {0, 1000000}};
  SHOW(adjtimex(&adjust));
  adjust = (struct timex){0};
  SHOW(clock_adjtime(CLOCK_MONOTONIC, &adjust));
  SHOW(clock_adjtime(99, &adjust));
  SHOW(adjtimex((void *)8));
  YES(clock_adjtime(CLOCK_REALTIME, &adjust) >= 0);
}

/* Uses the processor for some milliseconds. */
static void work(int milliseconds) {
  int64_t end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + milliseconds * 1000000LL;
  while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
    for (volatile int i = 0; i < 50000; i++) {}
}

CASE(processor_timers) {
  struct itimerval once = {.it_value = {0, 200000}};
  handle(SIGPROF), handle(SIGVTALRM), handle(SIGUSR1);
  for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
    caught = 0;
    SHOW(setitimer(which, &once, NULL));
    nap(100);
    SHOW(caught);
    struct itimerval left;
    getitimer(which, &left);
    YES(left.it_value.tv_usec > 100000);
    for (int i = 0; i < 100 && !caught; i++) work(10);
    SHOW(caught);
  }
  for (clockid_t clock = CLOCK_PROCESS_CPUTIME_ID; clock <= CLOCK_THREAD_CPUTIME_ID; clock++) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec time = {{0, 0}, {0, 200000000}};
    caught = 0;
    SHOW(timer_create(clock, &event, &timer));
    SHOW(timer_settime(timer, 0, &time, NULL));
    nap(100);
    SHOW(caught);
    for (int i = 0; i < 100 && !caught; i++) work(10);
    SHOW(caught);
    SHOW(last_code);
    timer_gettime(timer, &time);
    SHOW(time.it_value.tv_sec + time.it_value.tv_nsec);
  }
}
