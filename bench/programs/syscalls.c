/* The way into the kernel and back: getppid, a system call that does nothing. */
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

int main(int argc, char **argv) {
  int calls = scale(argc, argv, 5000000);
  long parent = getppid();
  int same = 0;
  for (int i = 0; i < calls; i++) same += syscall(SYS_getppid) == parent;
  printf("%d\n", same);
}
