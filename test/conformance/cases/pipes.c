/* Pipes, FIFOs, and copying inside the kernel. */
#include "case.h"
#include <sys/sendfile.h>

CASE(pipe_ends) {
  int ends[2];
  char text[8] = "";
  SHOW(pipe(ends));
  SHOW(write(ends[1], "hello", 5));
  SHOW(read(ends[0], text, 3));
  SHOW(read(ends[0], text, 8));
  SHOW(write(ends[0], "x", 1));
  SHOW(read(ends[1], text, 1));
  SHOW(close(ends[1]));
  SHOW(read(ends[0], text, 1));
  SHOW(pipe((int *)8));
  SHOW(pipe2(ends, 0x1));
  SHOW(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
  SHOW(fcntl(ends[0], F_GETFD));
  HEX(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
  SHOW(fcntl(ends[0], F_GETFL) & O_ACCMODE);
  SHOW(fcntl(ends[1], F_GETFL) & O_ACCMODE);
}

CASE(pipe_broken) {
  int ends[2];
  pid_t child;
  pipe(ends);
  close(ends[0]);
  IN_CHILD(child) write(ends[1], "x", 1);
  ENDED(child);
  signal(SIGPIPE, SIG_IGN);
  SHOW(write(ends[1], "x", 1));
  SHOW(write(ends[1], "x", 0));
  struct pollfd poll_end = {ends[1], POLLOUT, 0};
  SHOW(poll(&poll_end, 1, 0));
  HEX(poll_end.revents);
}

CASE(pipe_nonblocking) {
  int ends[2];
  char page[4096] = "", byte;
  pipe2(ends, O_NONBLOCK);
  SHOW(read(ends[0], &byte, 1));
  int total = 0;
  for (ssize_t n; (n = write(ends[1], page, 4096)) > 0;) total += n;
  SHOW(total);
  SHOW(write(ends[1], "x", 1));
  SHOW(read(ends[0], page, 4095));
  SHOW(write(ends[1], page, 4096));
  SHOW(read(ends[0], page, 1));
  SHOW(write(ends[1], page, 4096));
  int waiting;
  SHOW(ioctl(ends[0], FIONREAD, &waiting));
  SHOW(waiting);
}

CASE(pipe_sizes) {
  int ends[2];
  pipe(ends);
  SHOW(fcntl(ends[0], F_GETPIPE_SZ));
  SHOW(fcntl(ends[0], F_SETPIPE_SZ, 5000));
  SHOW(fcntl(ends[0], F_SETPIPE_SZ, 1));
  SHOW(fcntl(ends[0], F_SETPIPE_SZ, 1 << 20));
  SHOW(fcntl(ends[0], F_SETPIPE_SZ, 0));
  SHOW(fcntl(0, F_GETPIPE_SZ) > 0 ? 0 : -1);
  fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
  static char data[100000];
  write(ends[1], data, sizeof data);
  SHOW(fcntl(ends[0], F_SETPIPE_SZ, 4096));
  SHOW(fcntl(open("/dev/null", O_RDWR), F_GETPIPE_SZ));
}

CASE(pipe_blocking_writer) {
  int ends[2];
  pid_t child;
  static char data[200000];
  pipe(ends);
  for (int i = 0; i < 200000; i++) data[i] = i % 251;
  IN_CHILD(child) {
    close(ends[0]);
    SHOW(write(ends[1], data, sizeof data));
  }
  close(ends[1]);
  int total = 0, wrong = 0;
  static char page[3000];
  for (ssize_t n; (n = read(ends[0], page, sizeof page)) > 0;)
    for (int i = 0; i < n; i++) wrong += page[i] != (char)(total++ % 251);
  ENDED(child);
  SHOW(total);
  SHOW(wrong);
}

CASE(pipe_atomic_writes) {
  int ends[2], mixed = 0, count = 0;
  pid_t children[3];
  pipe(ends);
  for (int i = 0; i < 3; i++)
    IN_CHILD(children[i]) {
      char block[1000];
      memset(block, 'a' + i, sizeof block);
      for (int j = 0; j < 100; j++) write(ends[1], block, sizeof block);
    }
  close(ends[1]);
  char block[1000];
  for (;;) {
    size_t got = 0;
    for (ssize_t n; got < sizeof block && (n = read(ends[0], block + got, sizeof block - got)) > 0;) got += n;
    if (got == 0) break;
    for (size_t i = 1; i < got; i++) mixed += block[i] != block[0];
    count++;
  }
  for (int i = 0; i < 3; i++) waitpid(children[i], NULL, 0);
  SHOW(count);
  SHOW(mixed);
}

CASE(fifo_opening) {
  pid_t child;
  char text[8] = "";
  mkfifo("f", 0644);
  OK(open("f", O_WRONLY | O_NONBLOCK));
  int reading = open("f", O_RDONLY | O_NONBLOCK);
  show_result("reader", reading, true);
  SHOW(read(reading, text, 1));
  int writing = open("f", O_WRONLY | O_NONBLOCK);
  SHOW(read(reading, text, 1));
  SHOW(write(writing, "abc", 3));
  SHOW(read(reading, text, 8));
  close(reading), close(writing);
  IN_CHILD(child) {
    int fd = open("f", O_WRONLY);
    SHOW(write(fd, "late", 4));
  }
  nap(20);
  reading = open("f", O_RDONLY);
  ENDED(child);
  SHOW(read(reading, text, 8));
  SHOW(read(reading, text, 8));
  int both = open("f", O_RDWR);
  SHOW(write(both, "xy", 2));
  SHOW(read(reading, text, 8));
  struct stat status;
  fstat(both, &status);
  YES(S_ISFIFO(status.st_mode));
  SHOW(lseek(both, 0, SEEK_SET));
}

CASE(copying_files) {
  make_file("a", "0123456789");
  int in = open("a", O_RDONLY), out = open("b", O_RDWR | O_CREAT, 0644);
  SHOW(copy_file_range(in, NULL, out, NULL, 4, 0));
  SHOW(lseek(in, 0, SEEK_CUR));
  off_t from = 8, to = 20;
  SHOW(copy_file_range(in, &from, out, &to, 10, 0));
  SHOW(from);
  SHOW(to);
  SHOW(lseek(out, 0, SEEK_END));
  SHOW(copy_file_range(in, &from, out, &to, 10, 0));
  SHOW(copy_file_range(in, NULL, out, NULL, 4, 1));
  SHOW(copy_file_range(out, NULL, in, NULL, 4, 0));
  from = 0, to = 2;
  int same = open("a", O_RDWR);
  SHOW(copy_file_range(same, &from, same, &to, 5, 0));
  int ends[2];
  pipe(ends);
  SHOW(copy_file_range(in, NULL, ends[1], NULL, 4, 0));
  SHOW(copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 4, 0));
  int appending = open("b", O_WRONLY | O_APPEND);
  SHOW(copy_file_range(in, NULL, appending, NULL, 4, 0));
}

CASE(sending_files) {
  make_file("a", "0123456789");
  char text[16] = "";
  int in = open("a", O_RDONLY), out = open("b", O_RDWR | O_CREAT, 0644), ends[2];
  pipe(ends);
  off_t from = 3;
  SHOW(sendfile(out, in, NULL, 4));
  SHOW(sendfile(ends[1], in, &from, 100));
  SHOW(from);
  SHOW(read(ends[0], text, 16));
  TEXT(text);
  SHOW(lseek(in, 0, SEEK_CUR));
  SHOW(sendfile(out, ends[0], NULL, 4));
  from = -1;
  SHOW(sendfile(out, in, &from, 4));
  SHOW(sendfile(in, out, NULL, 4));
  SHOW(sendfile(99, in, NULL, 4));
  SHOW(sendfile(open("a", O_WRONLY | O_APPEND), in, NULL, 4));
  SHOW(sendfile(out, in, (void *)8, 4));
  SHOW(sendfile(out, in, NULL, 0));
}

CASE(splicing) {
  make_file("a", "0123456789");
  char text[16] = "";
  int in = open("a", O_RDONLY), out = open("b", O_RDWR | O_CREAT, 0644), one[2], two[2];
  pipe(one), pipe(two);
  off_t from = 2;
  SHOW(splice(in, &from, one[1], NULL, 5, 0));
  SHOW(from);
  SHOW(splice(one[0], NULL, two[1], NULL, 3, 0));
  SHOW(splice(two[0], NULL, out, NULL, 100, 0));
  SHOW(read(one[0], text, 16));
  TEXT(text);
  TEXT(file_content("b"));
  SHOW(splice(in, NULL, out, NULL, 5, 0));
  SHOW(splice(one[0], &from, out, NULL, 5, 0));
  SHOW(splice(one[0], NULL, one[1], NULL, 5, 0));
  SHOW(splice(one[0], NULL, out, NULL, 5, SPLICE_F_NONBLOCK));
  SHOW(splice(in, NULL, one[1], NULL, 5, 0x100));
  SHOW(splice(in, NULL, one[1], NULL, 0, 0));
  close(two[1]);
  SHOW(splice(two[0], NULL, out, NULL, 5, 0));
}

CASE(teeing) {
  char text[16] = "";
  int one[2], two[2];
  pipe(one), pipe(two);
  write(one[1], "hello", 5);
  SHOW(tee(one[0], two[1], 3, 0));
  SHOW(read(two[0], text, 16));
  TEXT(text);
  SHOW(read(one[0], text, 16));
  TEXT(text);
  SHOW(tee(one[0], two[1], 3, SPLICE_F_NONBLOCK));
  SHOW(tee(one[0], one[1], 3, 0));
  SHOW(tee(0, open("/dev/null", O_RDWR), 3, 0) < 0);
  struct iovec vector[2] = {{"ab", 2}, {"cde", 3}};
  SHOW(vmsplice(one[1], vector, 2, 0));
  SHOW(read(one[0], text, 16));
  SHOW(vmsplice(open("/dev/null", O_RDWR), vector, 2, 0));
  SHOW(vmsplice(one[1], vector, 2, 0x100));
}

CASE(readers_in_turn) {
  int ends[2];
  pid_t children[3];
  int *got = shared_memory(4096);
  pipe(ends);
  for (int i = 0; i < 3; i++)
    IN_CHILD(children[i]) {
      char byte;
      while (read(ends[0], &byte, 1) == 1) {
        __atomic_add_fetch(&got[i], 1, __ATOMIC_SEQ_CST);
        sched_yield();
      }
    }
  for (int i = 0; i < 3; i++) until_asleep(children[i]);
  for (int i = 0; i < 300; i++) write(ends[1], "x", 1);
  close(ends[1]), close(ends[0]);
  nap(50);
  int total = 0;
  for (int i = 0; i < 200 && (total = got[0] + got[1] + got[2]) < 300; i++) nap(10);
  SHOW(total);
  for (int i = 0; i < 3; i++) kill(children[i], SIGKILL), ENDED(children[i]);
}
