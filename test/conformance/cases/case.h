/*
 * A suite of small cases. CASE(name) { … } runs in a process, session and empty directory of its own, and prints one
 * line for each thing it looks at; nothing that differs between two runs (addresses, process numbers, times) is printed.
 *
 *     suite                runs all cases      suite name…   runs these
 *     suite -d name        runs one case in this very process, for a debugger
 *     suite +helper …      runs a HELPER, which cases start by execve
 */
#pragma once
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct entry {
  const char *name;
  void (*run)(int, char **);
};
static struct entry cases[64], helpers[16];
static int case_count, helper_count;

#define CASE(name)                                                                             \
  static void case_##name(int, char **);                                                       \
  __attribute__((constructor)) static void add_##name(void) {                                  \
    cases[case_count++] = (struct entry){#name, case_##name};                                  \
  }                                                                                            \
  static void case_##name(__attribute__((unused)) int argc, __attribute__((unused)) char **argv)

/* What a case starts by execve: argv[1] is "+name", and the rest is its own. */
#define HELPER(name)                                                                           \
  static void helper_##name(int, char **);                                                     \
  __attribute__((constructor)) static void add_helper_##name(void) {                           \
    helpers[helper_count++] = (struct entry){#name, helper_##name};                            \
  }                                                                                            \
  static void helper_##name(__attribute__((unused)) int argc, __attribute__((unused)) char **argv)

/* One write a line, so that lines of several processes do not mix. */
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...) {
  char line[4096];
  va_list arguments;
  int saved = errno;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 1) length = sizeof line - 1;
  for (char *at = line; length > 0;) {
    ssize_t done = write(1, at, length);
    if (done <= 0) break;
    at += done, length -= done;
  }
  errno = saved;
}

static const char *error_name(int error) {
  const char *name = error == 0 ? "0" : strerrorname_np(error);
  static char unknown[32];
  if (name == NULL) snprintf(unknown, sizeof unknown, "error %d", error);
  return name ? name : unknown;
}

static const char *signal_name(int number) {
  static char text[32];
  const char *name = sigabbrev_np(number);
  if (name) snprintf(text, sizeof text, "SIG%s", name);
  else snprintf(text, sizeof text, "signal %d", number);
  return text;
}

__attribute__((unused)) static void show_result(const char *what, long result, bool plain) {
  int error = errno;
  if (result == -1 && error != 0) say("%s: %s\n", what, error_name(error));
  else if (plain) say("%s: ok\n", what);
  else say("%s: %ld\n", what, result);
}

/* The value of an expression, or the name of the error. */
#define SHOW(expression) (errno = 0, show_result(#expression, (long)(expression), false))
/* The same for a value that differs between runs: "ok". */
#define OK(expression) (errno = 0, show_result(#expression, (long)(expression), true))
/* The same with a text of one's own before it. */
#define TELL(what, expression) (errno = 0, show_result(what, (long)(expression), false))
/* What a function of pthreads returns: an error number. */
#define CODE(expression) say("%s: %s\n", #expression, error_name(expression))
#define YES(expression) say("%s: %s\n", #expression, (expression) ? "yes" : "no")
#define TEXT(expression) say("%s: \"%s\"\n", #expression, (expression))
#define HEX(expression) say("%s: %#lx\n", #expression, (unsigned long)(expression))

/* IN_CHILD(pid) { … }: the block runs in a child, which then ends with status 0. */
#define IN_CHILD(pid) for ((pid) = fork(); (pid) == 0; _exit(0))

__attribute__((unused)) static void show_status(const char *what, int status) {
  if (WIFEXITED(status)) say("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) say("%s: killed by %s\n", what, signal_name(WTERMSIG(status)));
  else if (WIFSTOPPED(status)) say("%s: stopped by %s\n", what, signal_name(WSTOPSIG(status)));
  else if (WIFCONTINUED(status)) say("%s: continued\n", what);
  else say("%s: status %#x\n", what, status);
}

/* Waits for a child and says how it ended. */
__attribute__((unused)) static void ended(const char *what, pid_t pid) {
  int status = 0;
  pid_t got;
  do got = waitpid(pid, &status, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) say("%s: %s\n", what, error_name(errno));
  else show_status(what, status);
}
#define ENDED(pid) ended(#pid, pid)

__attribute__((unused)) static void nap(int milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) {}
}

__attribute__((unused)) static int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* One process (or thread) opens a gate, another one waits at it. */
struct gate {
  int out, in;
};
__attribute__((unused)) static struct gate new_gate(void) {
  struct gate gate;
  if (pipe2(&gate.out, O_CLOEXEC) < 0) say("pipe2: %s\n", error_name(errno));
  return gate;
}
__attribute__((unused)) static void open_gate(struct gate gate) {
  if (write(gate.in, "", 1) != 1) say("gate: %s\n", error_name(errno));
}
__attribute__((unused)) static void wait_gate(struct gate gate) {
  char byte;
  while (read(gate.out, &byte, 1) < 0 && errno == EINTR) {}
}

/* The state letter of a thread of a process; 0 when /proc does not say. */
__attribute__((unused)) static char state_of(pid_t pid, pid_t tid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  char *end = strrchr(text, ')');
  return end ? end[2] : 0;
}

/* Waits until a thread sleeps (or is stopped: 'T'), for some seconds at most. */
__attribute__((unused)) static void until_thread(pid_t pid, pid_t tid, char state) {
  for (int i = 0; i < 500; i++) {
    char now = state_of(pid, tid);
    if (now == state) return;
    if (now == 0) {
      nap(100);
      return;
    }
    nap(5);
  }
  say("thread did not come to state %c\n", state);
}
__attribute__((unused)) static void until_asleep(pid_t pid) { until_thread(pid, pid, 'S'); }

__attribute__((unused)) static void *shared_memory(size_t size) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Writes a file of the current directory. */
__attribute__((unused)) static void make_file(const char *path, const char *content) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, content, strlen(content)) < 0) say("%s: %s\n", path, error_name(errno));
  close(fd);
}

__attribute__((unused)) static const char *file_content(const char *path) {
  static char text[8192];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_name(errno);
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length < 0) return error_name(errno);
  text[length] = 0;
  return text;
}

static int remove_one(const char *path, __attribute__((unused)) const struct stat *status,
                      __attribute__((unused)) int kind, __attribute__((unused)) struct FTW *place) {
  return remove(path), 0;
}

static volatile pid_t running;
static volatile int too_late;
static void on_alarm(__attribute__((unused)) int number) {
  too_late = 1;
  kill(running, SIGKILL);
}

/* Seconds that a case may take. */
#define PATIENCE 20

static void run_case(struct entry *entry, int argc, char **argv) {
  char folder[256];
  const char *temporary = getenv("TMPDIR");
  say("== %s\n", entry->name);
  snprintf(folder, sizeof folder, "%s/case.%d.%s", temporary ? temporary : "/tmp", getpid(), entry->name);
  mkdir(folder, 0755);
  too_late = 0;
  running = fork();
  if (running < 0) {
    say("fork: %s\n", error_name(errno));
    return;
  }
  if (running == 0) {
    signal(SIGALRM, SIG_DFL);
    setsid();
    umask(022);
    if (chdir(folder) < 0) say("chdir: %s\n", error_name(errno));
    entry->run(argc, argv);
    _exit(0);
  }
  alarm(PATIENCE);
  int status = 0;
  while (waitpid(running, &status, 0) < 0 && errno == EINTR) {}
  alarm(0);
  if (too_late) say("took too long\n");
  else if (status != 0) show_status("the case", status);
  kill(-running, SIGKILL);
  nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
  if (argc > 1 && argv[1][0] == '+') {
    for (int i = 0; i < helper_count; i++)
      if (strcmp(helpers[i].name, argv[1] + 1) == 0) {
        helpers[i].run(argc - 2, argv + 2);
        _exit(0);
      }
    say("no helper %s\n", argv[1]);
    _exit(99);
  }
  bool direct = argc > 1 && strcmp(argv[1], "-d") == 0;
  struct sigaction action = {.sa_handler = on_alarm};
  if (!direct) sigaction(SIGALRM, &action, NULL);
  for (int i = 0; i < case_count; i++) {
    bool wanted = argc < 2;
    for (int j = 1; j < argc; j++) wanted |= strcmp(argv[j], cases[i].name) == 0;
    if (!wanted) continue;
    if (direct) {
      say("== %s\n", cases[i].name);
      cases[i].run(argc, argv);
    } else run_case(&cases[i], argc, argv);
  }
  say("== end\n");
  return 0;
}
