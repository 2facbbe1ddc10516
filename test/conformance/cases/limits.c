/* Resource limits, and locks on files. */
#include "case.h"
#include <sys/file.h>

CASE(limit_calls) {
  struct rlimit limit = {10, 5};
  struct rlimit64 old;
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  SHOW(getrlimit(99, &limit));
  SHOW(setrlimit(99, &limit));
  SHOW(getrlimit(RLIMIT_NOFILE, (void *)8));
  SHOW(prlimit(0, RLIMIT_CORE, NULL, (void *)&limit));
  SHOW(prlimit(999999, RLIMIT_CORE, NULL, (void *)&limit));
  limit = (struct rlimit){7, 9};
  SHOW(prlimit64(0, RLIMIT_CORE, (void *)&limit, &old));
  SHOW(prlimit64(getpid(), RLIMIT_CORE, NULL, &old));
  SHOW(old.rlim_cur * 10 + old.rlim_max);
  pid_t child;
  IN_CHILD(child) {
    getrlimit(RLIMIT_CORE, &limit);
    SHOW(limit.rlim_cur);
    setresuid(1000, 1000, 1000);
    limit.rlim_max = 10;
    SHOW(setrlimit(RLIMIT_CORE, &limit));
    limit.rlim_cur = limit.rlim_max = 9;
    SHOW(setrlimit(RLIMIT_CORE, &limit));
    limit.rlim_max = 8, limit.rlim_cur = 0;
    SHOW(setrlimit(RLIMIT_CORE, &limit));
    SHOW(prlimit(getppid(), RLIMIT_CORE, NULL, (void *)&limit));
  }
  ENDED(child);
}

CASE(limit_open_files) {
  struct rlimit limit = {10, 20};
  int ends[2], last = -1, fd;
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  while ((fd = dup(1)) >= 0) last = fd;
  SHOW(last);
  SHOW(dup(1));
  SHOW(open(".", O_RDONLY));
  SHOW(pipe(ends));
  SHOW(dup2(1, 10));
  SHOW(dup2(1, 9));
  SHOW(fcntl(1, F_DUPFD, 10));
  SHOW(fcntl(1, F_DUPFD, 5));
  close(9);
  SHOW(pipe(ends));
  SHOW(dup(1));
}

CASE(limit_file_size) {
  struct rlimit limit = {100, RLIM_INFINITY};
  pid_t child;
  char data[200] = "";
  setrlimit(RLIMIT_FSIZE, &limit);
  IN_CHILD(child) {
    int fd = open("a", O_RDWR | O_CREAT, 0644);
    SHOW(write(fd, data, 200));
    write(fd, data, 1);
  }
  ENDED(child);
  signal(SIGXFSZ, SIG_IGN);
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(pwrite(fd, data, 10, 95));
  SHOW(pwrite(fd, data, 10, 100));
  SHOW(ftruncate(fd, 101));
  SHOW(ftruncate(fd, 100));
  SHOW(fallocate(fd, 0, 0, 200));
}

CASE(limit_processes) {
  pid_t child;
  IN_CHILD(child) {
    struct rlimit limit = {3, 3};
    setrlimit(RLIMIT_NPROC, &limit);
    setresgid(7777, 7777, 7777), setresuid(7777, 7777, 7777);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
      children[i] = fork();
      if (children[i] == 0) pause(), _exit(0);
      say("fork: %s\n", children[i] < 0 ? error_name(errno) : "ok");
    }
    pthread_t thread;
    CODE(pthread_create(&thread, NULL, (void *(*)(void *))pause, NULL));
    for (int i = 0; i < 4; i++)
      if (children[i] > 0) kill(children[i], SIGKILL), waitpid(children[i], NULL, 0);
    IN_CHILD(children[0]) {}
    ENDED(children[0]);
  }
  ENDED(child);
}

CASE(limit_address_space) {
  struct rlimit limit = {64 << 20, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
  OK(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  void *map = mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  show_result("16 MiB", (long)map, true);
  OK(mremap(map, 16 << 20, 128 << 20, MREMAP_MAYMOVE));
  SHOW((long)sbrk(128 << 20));
  YES(malloc(200 << 20) == NULL);
}

CASE(limit_processor_time) {
  pid_t child;
  IN_CHILD(child) {
    struct rlimit limit = {1, 2};
    setrlimit(RLIMIT_CPU, &limit);
    for (;;) {}
  }
  ENDED(child);
  IN_CHILD(child) {
    struct rlimit limit = {1, 2};
    signal(SIGXCPU, SIG_IGN);
    setrlimit(RLIMIT_CPU, &limit);
    for (;;) {}
  }
  ENDED(child);
}

CASE(whole_file_locks) {
  make_file("a", "");
  int one = open("a", O_RDWR), two = open("a", O_RDONLY);
  pid_t child;
  SHOW(flock(one, LOCK_SH));
  SHOW(flock(two, LOCK_SH));
  SHOW(flock(two, LOCK_EX | LOCK_NB));
  SHOW(flock(one, LOCK_UN));
  SHOW(flock(two, LOCK_EX | LOCK_NB));
  SHOW(flock(one, LOCK_SH | LOCK_NB));
  IN_CHILD(child) SHOW(flock(two, LOCK_SH | LOCK_NB));
  ENDED(child);
  SHOW(flock(one, LOCK_SH | LOCK_NB));
  SHOW(flock(one, 99));
  SHOW(flock(99, LOCK_SH));
  SHOW(flock(one, LOCK_UN));
  IN_CHILD(child) {
    close(two);
    int own = open("a", O_RDWR);
    SHOW(flock(own, LOCK_EX));
  }
  until_asleep(child);
  close(two);
  ENDED(child);
  int ends[2];
  pipe(ends);
  SHOW(flock(ends[0], LOCK_EX));
}

static struct flock range(short type, off_t start, off_t length) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}
static int lock(int fd, int command, short type, off_t start, off_t length) {
  struct flock lock = range(type, start, length);
  return fcntl(fd, command, &lock);
}

CASE(record_locks) {
  make_file("a", "0123456789");
  int fd = open("a", O_RDWR), reading = open("a", O_RDONLY);
  pid_t child, self = getpid();
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 5));
  SHOW(lock(fd, F_SETLK, F_RDLCK, 3, 4));
  SHOW(lock(reading, F_SETLK, F_WRLCK, 0, 5));
  SHOW(lock(fd, F_SETLK, 9, 0, 5));
  SHOW(lock(fd, F_SETLK, F_WRLCK, -1, 5));
  SHOW(lock(fd, F_SETLK, F_WRLCK, 100, -10));
  IN_CHILD(child) {
    struct flock found = range(F_WRLCK, 0, 0);
    SHOW(fcntl(fd, F_GETLK, &found));
    say("type %d start %ld length %ld own %d\n", found.l_type, found.l_start, found.l_len, found.l_pid == self);
    found = range(F_RDLCK, 4, 2);
    SHOW(fcntl(fd, F_GETLK, &found));
    SHOW(found.l_type == F_UNLCK);
    SHOW(lock(fd, F_SETLK, F_RDLCK, 4, 2));
    SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 2));
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 50, 10));
  }
  ENDED(child);
  close(reading);
  IN_CHILD(child) SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
  ENDED(child);
}

CASE(record_lock_waiting) {
  make_file("a", "0123456789");
  int fd = open("a", O_RDWR);
  pid_t child;
  struct gate gate = new_gate();
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  IN_CHILD(child) {
    SHOW(lock(fd, F_SETLK, F_WRLCK, 1, 1));
    open_gate(gate);
    TELL("child waits", lock(fd, F_SETLKW, F_WRLCK, 0, 1));
  }
  wait_gate(gate);
  until_asleep(child);
  TELL("circle", lock(fd, F_SETLKW, F_WRLCK, 1, 1));
  lock(fd, F_SETLK, F_UNLCK, 0, 0);
  ENDED(child);
  SHOW(lock(fd, F_SETLKW, F_WRLCK, 1, 1));
}

CASE(open_file_locks) {
  make_file("a", "0123456789");
  int one = open("a", O_RDWR), two = open("a", O_RDWR);
  pid_t child;
  SHOW(lock(one, F_OFD_SETLK, F_WRLCK, 0, 5));
  SHOW(lock(two, F_OFD_SETLK, F_WRLCK, 4, 5));
  SHOW(lock(two, F_OFD_SETLK, F_WRLCK, 5, 5));
  SHOW(lock(one, F_SETLK, F_WRLCK, 0, 5));
  struct flock found = range(F_WRLCK, 0, 0);
  SHOW(fcntl(two, F_OFD_GETLK, &found));
  SHOW(found.l_pid);
  found = range(F_WRLCK, 0, 1), found.l_pid = 5;
  SHOW(fcntl(two, F_OFD_SETLK, &found));
  IN_CHILD(child) SHOW(lock(one, F_OFD_SETLK, F_RDLCK, 0, 5));
  ENDED(child);
  close(one);
  SHOW(lock(two, F_OFD_SETLK, F_WRLCK, 0, 5));
}

CASE(limit_file_size_of_copies) {
  char data[300] = "";
  struct rlimit limit = {100, RLIM_INFINITY};
  int ends[2];
  signal(SIGXFSZ, SIG_IGN);
  int fd = open("from", O_RDWR | O_CREAT, 0644), to = open("to", O_RDWR | O_CREAT, 0644);
  write(fd, data, 300);
  setrlimit(RLIMIT_FSIZE, &limit);
  lseek(fd, 0, SEEK_SET);
  SHOW(copy_file_range(fd, NULL, to, NULL, 300, 0));
  SHOW(copy_file_range(fd, NULL, to, NULL, 300, 0));
  SHOW(ftruncate(fd, 200));
  SHOW(ftruncate(fd, 201));
  SHOW(truncate("to", 101));
  SHOW(fallocate(to, FALLOC_FL_KEEP_SIZE, 0, 200));
  pipe(ends);
  SHOW(write(ends[1], data, 300));
  SHOW(pwrite(to, data, 0, 500));
  int append = open("to", O_WRONLY | O_APPEND);
  ftruncate(to, 99);
  SHOW(pwrite(append, data, 10, 0));
}
