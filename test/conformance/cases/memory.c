/* Mapping memory, and what touching it does. */
#include "case.h"
#include <setjmp.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)

static char *pages(int count, int protection) {
  return mmap(NULL, count * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static sigjmp_buf back;
static volatile bool armed;
static siginfo_t fault;
static void on_fault(int number, siginfo_t *info, void *context) {
  fault = *info;
  if (!armed) _exit(77);
  armed = false;
  siglongjmp(back, 1);
}

static void catch_faults(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL), sigaction(SIGBUS, &action, NULL);
}

/* Touches an address and says what came of it. */
static void touch(const char *what, volatile char *at, bool writing) {
  if (sigsetjmp(back, 1)) say("%s: %s code %d, address %s\n", what, signal_name(fault.si_signo), fault.si_code, fault.si_addr == at ? "right" : "wrong");
  else {
    armed = true;
    if (writing) *at = 1;
    else (void)*at;
    armed = false;
    say("%s: ok\n", what);
  }
}
#define READ(at) touch("read " #at, at, false)
#define WRITE(at) touch("write " #at, at, true)

CASE(map_arguments) {
  char *p = pages(4, RW);
  make_file("a", "abc");
  int fd = open("a", O_RDONLY), writing = open("a", O_WRONLY), dir = open(".", O_RDONLY);
  OK(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OK(mmap(NULL, 1, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
  OK(mmap(p + 1, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1));
  OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
  OK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
  OK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
  OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writing, 0));
  OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
  OK(mmap(NULL, -1UL, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OK(mmap(NULL, 1UL << 46, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  OK(mmap((void *)(1UL << 60), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  YES(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
  OK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  munmap(p, PAGE);
  YES(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p);
  OK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
  OK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x20000000, fd, 0));
  OK(mmap((void *)PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

CASE(unmapping) {
  catch_faults();
  char *p = pages(4, RW);
  SHOW(munmap(p + PAGE, PAGE));
  READ(p);
  READ(p + PAGE);
  READ(p + 2 * PAGE);
  SHOW(munmap(p, 4 * PAGE));
  SHOW(munmap(p, 4 * PAGE));
  SHOW(munmap(p + 1, PAGE));
  SHOW(munmap(p, 0));
  SHOW(munmap(p, -1UL));
  p = pages(1, RW);
  SHOW(munmap(p, 1));
  READ(p + 100);
}

CASE(protecting) {
  catch_faults();
  char *p = pages(4, RW);
  SHOW(mprotect(p, PAGE, PROT_READ));
  READ(p);
  WRITE(p);
  WRITE(p + PAGE);
  SHOW(mprotect(p, 2 * PAGE, PROT_NONE));
  READ(p + PAGE);
  SHOW(mprotect(p, 4 * PAGE, RW));
  WRITE(p);
  SHOW(mprotect(p + 1, PAGE, RW));
  SHOW(mprotect(p, 0, RW));
  SHOW(mprotect(p, PAGE, 0x100));
  munmap(p + 2 * PAGE, PAGE);
  SHOW(mprotect(p, 4 * PAGE, PROT_READ));
  WRITE(p + PAGE);
  WRITE(p + 3 * PAGE);
  make_file("a", "abc");
  char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("a", O_RDONLY), 0);
  SHOW(mprotect(map, PAGE, RW));
}

CASE(executing) {
  catch_faults();
  static const uint32_t code[2] = {0x02a00513, 0x00008067}; /* li a0, 42; ret */
  char *p = pages(1, RW);
  memcpy(p, code, sizeof code);
  if (sigsetjmp(back, 1)) say("run: %s code %d\n", signal_name(fault.si_signo), fault.si_code);
  else armed = true, ((int (*)(void))p)();
  SHOW(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
  __builtin___clear_cache(p, p + 8);
  SHOW(((int (*)(void))p)());
  WRITE(p);
}

CASE(faults) {
  catch_faults();
  READ((char *)NULL);
  WRITE((char *)16);
  READ((char *)(1UL << 38));
  READ((char *)-8L);
  READ((char *)(1UL << 62));
  WRITE((char *)main);
  static const char constant[] = "constant";
  WRITE((char *)constant);
}

CASE(past_end_of_file) {
  catch_faults();
  make_file("a", "abc");
  int fd = open("a", O_RDWR);
  char *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
  READ(p);
  READ(p + PAGE - 1);
  READ(p + PAGE);
  WRITE(p + 2 * PAGE);
  p[100] = 'x';
  struct stat status;
  fstat(fd, &status);
  SHOW(status.st_size);
  SHOW(ftruncate(fd, 2 * PAGE));
  READ(p + PAGE);
  SHOW(p[100]);
  SHOW(ftruncate(fd, 0));
  READ(p);
  char *q = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  READ(q);
  int ends[2];
  pipe(ends);
  SHOW(write(ends[1], p, 1));
}

CASE(shared_file_mapping) {
  make_file("a", "0123456789");
  int fd = open("a", O_RDWR);
  char *one = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), *two = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  one[0] = 'X';
  SHOW(two[0]);
  TEXT(file_content("a"));
  pwrite(fd, "Y", 1, 1);
  SHOW(one[1]);
  pid_t child;
  IN_CHILD(child) one[2] = 'Z';
  ENDED(child);
  SHOW(one[2]);
  SHOW(msync(one, PAGE, MS_SYNC));
  SHOW(munmap(one, PAGE));
  TEXT(file_content("a"));
  close(fd), unlink("a");
  SHOW(two[0]);
}

CASE(private_file_mapping) {
  make_file("a", "0123456789");
  int fd = open("a", O_RDWR);
  char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  pwrite(fd, "A", 1, 0);
  SHOW(p[0]);
  p[1] = 'X';
  pwrite(fd, "BB", 2, 0);
  SHOW(p[0]);
  SHOW(p[1]);
  TEXT(file_content("a"));
  SHOW(madvise(p, PAGE, MADV_DONTNEED));
  SHOW(p[1]);
  char *later = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
  show_result("beyond", (long)later, true);
}

CASE(fork_copies) {
  char *own = pages(2, RW), *shared = shared_memory(PAGE);
  static int variable = 1;
  pid_t child;
  own[0] = 'a';
  IN_CHILD(child) {
    own[0] = 'b', own[PAGE] = 'c', shared[0] = 'd', variable = 2;
    SHOW(own[0]);
    munmap(own, PAGE);
  }
  ENDED(child);
  SHOW(own[0]);
  SHOW(own[PAGE]);
  SHOW(shared[0]);
  SHOW(variable);
  struct gate gate = new_gate(), done = new_gate();
  IN_CHILD(child) {
    wait_gate(gate);
    SHOW(own[0]);
    open_gate(done);
  }
  own[0] = 'z';
  open_gate(gate), wait_gate(done);
  ENDED(child);
}

CASE(moving) {
  catch_faults();
  char *p = pages(2, RW);
  p[0] = 'a', p[PAGE] = 'b';
  char *q = mremap(p, 2 * PAGE, PAGE, 0);
  YES(q == p);
  READ(p + PAGE);
  q = mremap(p, PAGE, 16 * PAGE, MREMAP_MAYMOVE);
  SHOW(q[0]);
  SHOW(q[8 * PAGE]);
  char *place = pages(4, RW);
  YES(mremap(q, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
  SHOW(place[0]);
  READ(q);
  READ(q + 4 * PAGE);
  OK(mremap(place, PAGE, PAGE, MREMAP_FIXED, q));
  OK(mremap(place + 1, PAGE, PAGE, MREMAP_MAYMOVE));
  OK(mremap(place, PAGE, 0, MREMAP_MAYMOVE));
  OK(mremap(place, PAGE, PAGE, 0x10));
  OK(mremap(place, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE));
  munmap(place + 2 * PAGE, PAGE);
  OK(mremap(place, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
  OK(mremap(place + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE));
  char *shared = shared_memory(PAGE);
  shared[0] = 's';
  char *twin = mremap(shared, 0, PAGE, MREMAP_MAYMOVE);
  twin[0] = 't';
  SHOW(shared[0]);
  char *kept = pages(1, RW);
  kept[0] = 'k';
  char *moved = mremap(kept, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  SHOW(moved[0]);
  SHOW(kept[0]);
}

CASE(advising) {
  char *p = pages(4, RW), *shared = shared_memory(PAGE);
  p[0] = 'a', shared[0] = 'b';
  SHOW(madvise(p, 4 * PAGE, MADV_DONTNEED));
  SHOW(p[0]);
  SHOW(madvise(shared, PAGE, MADV_DONTNEED));
  SHOW(shared[0]);
  SHOW(madvise(shared, PAGE, MADV_REMOVE));
  SHOW(shared[0]);
  SHOW(madvise(p, PAGE, MADV_WILLNEED));
  SHOW(madvise(p + 1, PAGE, MADV_NORMAL));
  SHOW(madvise(p, PAGE, 999));
  SHOW(madvise(p, 0, MADV_NORMAL));
  SHOW(madvise(p, PAGE, MADV_FREE));
  SHOW(madvise(shared, PAGE, MADV_FREE));
  munmap(p + PAGE, PAGE);
  SHOW(madvise(p, 4 * PAGE, MADV_DONTNEED));
  pid_t child;
  p[0] = 'f';
  SHOW(madvise(p, PAGE, MADV_WIPEONFORK));
  SHOW(madvise(p + 2 * PAGE, PAGE, MADV_DONTFORK));
  IN_CHILD(child) {
    catch_faults();
    SHOW(p[0]);
    READ(p + 2 * PAGE);
  }
  ENDED(child);
  SHOW(madvise(p, PAGE, MADV_POPULATE_WRITE));
}

CASE(program_break) {
  char *start = sbrk(0);
  YES(sbrk(3 * PAGE) == start);
  start[2 * PAGE] = 1;
  YES(syscall(SYS_brk, 0) == (long)(start + 3 * PAGE));
  YES(brk(start) == 0 && sbrk(0) == start);
  sbrk(3 * PAGE);
  SHOW(start[2 * PAGE]);
  YES(syscall(SYS_brk, 1UL << 60) == (long)sbrk(0));
  YES(syscall(SYS_brk, PAGE) == (long)sbrk(0));
  struct rlimit limit = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_DATA, &limit);
  SHOW((long)sbrk(64 << 20));
}

CASE(syncing_and_residence) {
  unsigned char in[4] = {2, 2, 2, 2};
  char *p = pages(4, RW);
  p[PAGE] = 1;
  SHOW(mincore(p, 4 * PAGE, in));
  say("%d %d %d %d\n", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
  SHOW(mincore(p + 1, PAGE, in));
  SHOW(mincore(p, PAGE, (void *)8));
  SHOW(msync(p, PAGE, MS_SYNC | MS_ASYNC));
  SHOW(msync(p, PAGE, 0x100));
  SHOW(msync(p + 1, PAGE, MS_SYNC));
  SHOW(msync(p, PAGE, MS_ASYNC));
  munmap(p + 2 * PAGE, PAGE);
  SHOW(msync(p, 4 * PAGE, MS_SYNC));
  SHOW(mincore(p, 4 * PAGE, in));
}

CASE(locking) {
  char *p = pages(4, RW);
  unsigned char in[4];
  SHOW(mlock(p, 2 * PAGE));
  mincore(p, 4 * PAGE, in);
  say("%d %d %d\n", in[0] & 1, in[1] & 1, in[2] & 1);
  SHOW(munlock(p, PAGE));
  SHOW(mlock2(p, PAGE, MLOCK_ONFAULT));
  SHOW(mlock2(p, PAGE, 8));
  SHOW(mlockall(0));
  SHOW(mlockall(MCL_CURRENT));
  SHOW(munlockall());
  munmap(p + PAGE, PAGE);
  SHOW(mlock(p, 4 * PAGE));
}

static int deep(int depth) {
  volatile char room[1000];
  room[0] = depth;
  return depth == 0 ? 0 : deep(depth - 1) + (room[0] != (char)depth);
}

CASE(stack_growth) {
  pid_t child;
  SHOW(deep(4000));
  IN_CHILD(child) deep(1 << 30);
  ENDED(child);
  IN_CHILD(child) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_sp = pages(8, RW), .ss_size = 8 * PAGE};
    SHOW(sigaltstack(&stack, NULL));
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1)) say("overflow: %s code %d\n", signal_name(fault.si_signo), fault.si_code);
    else armed = true, deep(1 << 30);
    struct rlimit limit = {256 << 10, RLIM_INFINITY};
    SHOW(setrlimit(RLIMIT_STACK, &limit));
    if (sigsetjmp(back, 1)) say("overflow: %s code %d\n", signal_name(fault.si_signo), fault.si_code);
    else SHOW(deep(400));
  }
  ENDED(child);
}

CASE(zero_pages) {
  char *p = pages(64, RW);
  int sum = 0;
  for (int i = 0; i < 64 * PAGE; i++) sum += p[i];
  SHOW(sum);
  memset(p, 1, 64 * PAGE);
  munmap(p, 64 * PAGE);
  p = pages(64, RW);
  for (int i = 0; i < 64 * PAGE; i++) sum += p[i];
  SHOW(sum);
  int zero = open("/dev/zero", O_RDWR);
  char *q = mmap(NULL, PAGE, RW, MAP_SHARED, zero, 0);
  q[0] = 1;
  SHOW(q[0] + q[1]);
}

CASE(process_memory) {
  char text[16] = "local", *remote = shared_memory(PAGE);
  pid_t child;
  struct gate gate = new_gate(), ready = new_gate();
  char *own = pages(1, RW);
  IN_CHILD(child) {
    strcpy(own, "of the child");
    open_gate(ready), wait_gate(gate);
    TEXT(own);
  }
  wait_gate(ready);
  struct iovec here = {text, 5}, there = {own, 5}, bad = {(void *)8, 5};
  SHOW(process_vm_readv(child, &here, 1, &there, 1, 0));
  TEXT(text);
  SHOW(process_vm_readv(child, &here, 1, &bad, 1, 0));
  SHOW(process_vm_readv(child, &here, 1, &there, 1, 1));
  strcpy(text, "OF");
  here.iov_len = there.iov_len = 2;
  SHOW(process_vm_writev(child, &here, 1, &there, 1, 0));
  SHOW(process_vm_readv(999999, &here, 1, &there, 1, 0));
  open_gate(gate);
  ENDED(child);
}

CASE(process_memory_parts) {
  char here[64] = "", *there = pages(3, RW);
  pid_t child;
  struct gate ready = new_gate(), gate = new_gate();
  munmap(there + 2 * PAGE, PAGE);
  IN_CHILD(child) {
    strcpy(there, "one two three"), memcpy(there + 2 * PAGE - 4, "edge", 4);
    mprotect(there, PAGE, PROT_READ);
    open_gate(ready), wait_gate(gate);
  }
  wait_gate(ready);
  struct iovec local[2] = {{here, 5}, {here + 20, 30}}, remote[3] = {{there, 4}, {NULL, 0}, {there + 4, 9}};
  SHOW(process_vm_readv(child, local, 2, remote, 3, 0));
  TEXT(here);
  TEXT(here + 20);
  remote[0] = (struct iovec){there + 2 * PAGE - 4, 10};
  SHOW(process_vm_readv(child, local, 2, remote, 1, 0));
  SHOW(process_vm_writev(child, local, 2, (struct iovec[]){{there, 4}}, 1, 0));
  SHOW(process_vm_readv(child, local, 2, remote, 1025, 0));
  SHOW(process_vm_readv(child, local, 2, (void *)8, 1, 0));
  remote[0].iov_len = -1;
  SHOW(process_vm_readv(child, local, 2, remote, 1, 0));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  int fd = open(path, O_RDWR);
  SHOW(pwrite(fd, "ONE", 3, (off_t)(uintptr_t)there));
  SHOW(pread(fd, here, 7, (off_t)(uintptr_t)there));
  TEXT(here);
  SHOW(pread(fd, here, 10, (off_t)(uintptr_t)(there + 2 * PAGE - 4)));
  SHOW(pread(fd, here, 1, (off_t)(uintptr_t)(there + 2 * PAGE)));
  open_gate(gate);
  ENDED(child);
  SHOW(pread(fd, here, 1, (off_t)(uintptr_t)there));
  SHOW(process_vm_readv(child, local, 1, local, 1, 0));
}

CASE(residence_of_files) {
  unsigned char in[4] = {2, 2, 2, 2};
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 4 * PAGE);
  char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  p[2 * PAGE] = 1;
  SHOW(mincore(p, 4 * PAGE, in));
  say("%d %d %d %d\n", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
  p = pages(4, RW);
  SHOW(mlock(p, 2 * PAGE));
  mincore(p, 4 * PAGE, in);
  say("%d %d %d %d\n", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
  p[3 * PAGE] = 1;
  madvise(p, 4 * PAGE, MADV_DONTNEED);
  munlock(p, 2 * PAGE);
  madvise(p, 4 * PAGE, MADV_DONTNEED);
  mincore(p, 4 * PAGE, in);
  say("%d %d %d %d\n", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
}
