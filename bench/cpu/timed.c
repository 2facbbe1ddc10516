// timed PROGRAM [ARGUMENT...]: runs the program, and after what it printed prints `timed: N`, the nanoseconds that it took
// by the machine's own monotonic clock, from before it is started to its end.

#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  int status;
  if (argc < 2) return 2;
  long long start = now();
  pid_t pid = vfork();
  if (pid == 0) {
    execv(argv[1], argv + 1);
    _exit(127);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 1;
  long long end = now();
  printf("timed: %lld\n", end - start);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
