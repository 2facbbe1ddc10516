/* What a program finds when it starts: arguments, environment, auxiliary vector, stack, static constructors. */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;
static int constructed;
static __thread int in_thread = 11;
static __thread long zero_in_thread;

__attribute__((constructor)) static void construct(void) { constructed = 1; }
__attribute__((destructor)) static void destruct(void) { printf("destroyed\n"); }
static void at_exit(void) { printf("at exit\n"); }

static int deep(int n) {
  volatile char room[4096];
  room[0] = (char)n;
  return n == 0 ? 0 : deep(n - 1) + room[0] - room[0] + 1;
}

int main(int argc, char **argv) {
  const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
  const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
  int loads = 0, any = 0;
  for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) loads += headers[i].p_type == PT_LOAD;
  for (int i = 0; i < 16; i++) any |= random[i];
  printf("%d arguments, last \"%s\", then %s\n", argc - 1, argv[argc - 1], argv[argc] ? "more" : "nothing");
  printf("constructed %d, thread-local %d %ld\n", constructed, in_thread, zero_in_thread);
  printf("page %lu, headers %lu of %lu bytes, %d loaded\n", getauxval(AT_PAGESZ), getauxval(AT_PHNUM),
         getauxval(AT_PHENT), loads);
  printf("entry inside text %d, random %d, secure %lu, tick %lu\n", getauxval(AT_ENTRY) != 0, any != 0,
         getauxval(AT_SECURE), getauxval(AT_CLKTCK));
  printf("stack aligned %d\n", (uintptr_t)__builtin_frame_address(0) % 16 == 0);
  printf("name given %d\n", strcmp((const char *)getauxval(AT_EXECFN), argv[0]) == 0);
  printf("%d frames deep\n", deep(1000));
  printf("%s\n", getenv("GUEST_VARIABLE") ? getenv("GUEST_VARIABLE") : "no variable");
  char *top = sbrk(0);
  printf("heap grows %d\n", sbrk(100000) == top && (char *)sbrk(0) == top + 100000);
  atexit(at_exit);
  return 37;
}
