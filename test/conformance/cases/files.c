/* Opening, reading, writing and sizing files. */
#include "case.h"
#include <sys/sendfile.h>

CASE(open_modes) {
  make_file("a", "abc");
  OK(open("a", O_RDONLY));
  OK(open("missing", O_RDONLY));
  OK(open("a", O_CREAT | O_EXCL | O_RDWR, 0600));
  OK(open("missing/a", O_CREAT | O_RDWR, 0600));
  OK(open("a/b", O_RDONLY));
  OK(open(".", O_WRONLY));
  OK(open(".", O_RDONLY | O_CREAT, 0600));
  OK(open("a", O_RDONLY | O_DIRECTORY));
  OK(open("a/", O_RDONLY));
  OK(open("", O_RDONLY));
  OK(open("new/", O_CREAT | O_RDWR, 0600));
  OK(open(".", O_RDONLY | O_DIRECTORY));
}

CASE(open_accmode) {
  char byte;
  make_file("a", "abc");
  int reading = open("a", O_RDONLY), writing = open("a", O_WRONLY), neither = open("a", O_ACCMODE);
  SHOW(write(reading, "x", 1));
  SHOW(read(writing, &byte, 1));
  SHOW(read(neither, &byte, 1));
  SHOW(write(neither, "x", 1));
  SHOW(ftruncate(reading, 0));
  SHOW(fcntl(reading, F_GETFL) & O_ACCMODE);
  SHOW(fcntl(writing, F_GETFL) & O_ACCMODE);
  SHOW(fcntl(neither, F_GETFL) & O_ACCMODE);
}

CASE(open_trunc_append) {
  make_file("a", "abcdef");
  int fd = open("a", O_WRONLY | O_APPEND);
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(write(fd, "gh", 2));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(pwrite(fd, "X", 1, 0));
  TEXT(file_content("a"));
  OK(open("a", O_RDONLY | O_TRUNC));
  TEXT(file_content("a"));
}

CASE(open_nofollow) {
  make_file("a", "abc");
  symlink("a", "link");
  symlink("self", "self");
  symlink("gone", "dangling");
  OK(open("link", O_RDONLY));
  OK(open("link", O_RDONLY | O_NOFOLLOW));
  OK(open("link", O_PATH | O_NOFOLLOW));
  OK(open("self", O_RDONLY));
  OK(open("dangling", O_RDONLY));
  OK(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600));
  OK(open("dangling", O_CREAT | O_RDWR, 0600));
  SHOW(access("gone", F_OK));
}

CASE(open_path) {
  char byte;
  struct stat status;
  make_file("a", "abc");
  mkdir("d", 0755);
  make_file("d/b", "b");
  int fd = open("a", O_PATH), dir = open("d", O_PATH | O_DIRECTORY);
  SHOW(read(fd, &byte, 1));
  SHOW(write(fd, "x", 1));
  SHOW(fchmod(fd, 0600));
  SHOW(ftruncate(fd, 0));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(fstat(fd, &status));
  SHOW(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE));
  OK(openat(dir, "b", O_RDONLY));
  SHOW(fchdir(dir));
  TEXT(file_content("b"));
  SHOW(ioctl(fd, FIONREAD, &byte));
  OK(dup(fd));
  void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  show_result("mmap", (long)page, true);
}

CASE(open_tmpfile) {
  struct stat status;
  char byte;
  int fd = open(".", O_TMPFILE | O_RDWR, 0640);
  show_result("O_TMPFILE", fd, true);
  SHOW(write(fd, "hello", 5));
  fstat(fd, &status);
  SHOW(status.st_nlink);
  SHOW(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
  fstat(fd, &status);
  SHOW(status.st_nlink);
  TEXT(file_content("named"));
  OK(open(".", O_TMPFILE | O_RDONLY, 0640));
  OK(open("named", O_TMPFILE | O_RDWR, 0640));
  SHOW(pread(fd, &byte, 1, 0));
  int hidden = open(".", O_TMPFILE | O_EXCL | O_RDWR, 0640);
  SHOW(linkat(hidden, "", AT_FDCWD, "other", AT_EMPTY_PATH));
}

CASE(open_mode_and_umask) {
  struct stat status;
  SHOW(umask(027));
  close(open("a", O_CREAT | O_WRONLY, 0666));
  stat("a", &status);
  HEX(status.st_mode);
  close(open("b", O_CREAT | O_WRONLY, 07777));
  stat("b", &status);
  HEX(status.st_mode);
  mkdir("d", 01777);
  stat("d", &status);
  HEX(status.st_mode);
  int fd = open("c", O_CREAT | O_RDWR, 0);
  SHOW(write(fd, "x", 1));
  SHOW(umask(07777));
  SHOW(umask(0));
}

CASE(read_write_edges) {
  char buffer[16];
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(write(fd, "0123456789", 10));
  SHOW(read(fd, buffer, 16));
  SHOW(lseek(fd, 5, SEEK_SET));
  SHOW(read(fd, buffer, 16));
  SHOW(read(fd, buffer, 0));
  SHOW(read(fd, NULL, 0));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(read(fd, (void *)8, 4));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(write(fd, (void *)8, 4));
  SHOW(write(fd, (void *)8, 0));
  SHOW(pread(fd, buffer, 4, -1));
  SHOW(pread(fd, buffer, 4, 1000));
  SHOW(pwrite(fd, "x", 1, -1));
  SHOW(read(-1, buffer, 1));
  SHOW(read(fd, buffer, SSIZE_MAX) >= 0 || errno == EFAULT);
  int dir = open(".", O_RDONLY);
  SHOW(read(dir, buffer, 4));
  SHOW(pread(dir, buffer, 4, 0));
}

CASE(partly_bad_buffer) {
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  memset(pages, 'x', 4096);
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(write(fd, pages + 4096, 10));
  SHOW(pwrite(fd, pages, 4096, 0));
  SHOW(pread(fd, pages + 4092, 4, 0));
  struct iovec vector[2] = {{pages, 100}, {pages + 4096, 10}};
  SHOW(pwritev(fd, vector, 2, 0));
  SHOW(preadv(fd, vector, 2, 0));
  SHOW(pwritev(fd, vector + 1, 1, 0));
}

CASE(seek) {
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  write(fd, "0123456789", 10);
  SHOW(lseek(fd, -3, SEEK_END));
  SHOW(lseek(fd, -3, SEEK_CUR));
  SHOW(lseek(fd, -100, SEEK_CUR));
  SHOW(lseek(fd, -1, SEEK_SET));
  SHOW(lseek(fd, 0, 99));
  SHOW(lseek(fd, 1L << 40, SEEK_SET));
  SHOW(lseek(fd, LONG_MAX, SEEK_SET));
  SHOW(lseek(fd, 1, SEEK_CUR));
  int ends[2];
  pipe(ends);
  SHOW(lseek(ends[0], 0, SEEK_SET));
  SHOW(pread(ends[0], ends, 1, 0));
  SHOW(pwrite(ends[1], ends, 1, 0));
  SHOW(lseek(-1, 0, SEEK_SET));
}

CASE(holes) {
  char buffer[4096];
  struct stat status;
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(pwrite(fd, "x", 1, 1 << 20));
  fstat(fd, &status);
  SHOW(status.st_size);
  YES(status.st_blocks <= 16);
  SHOW(pread(fd, buffer, 4096, 4096));
  SHOW(buffer[0] | buffer[4095]);
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, 0, SEEK_HOLE));
  SHOW(lseek(fd, 1 << 20, SEEK_HOLE));
  SHOW(lseek(fd, (1 << 20) + 1, SEEK_DATA));
  SHOW(lseek(fd, (1 << 20) + 1, SEEK_HOLE));
  SHOW(lseek(fd, -1, SEEK_DATA));
}

CASE(truncate) {
  struct stat status;
  make_file("a", "0123456789");
  mkdir("d", 0755);
  SHOW(truncate("a", 4));
  TEXT(file_content("a"));
  SHOW(truncate("a", 6));
  stat("a", &status);
  SHOW(status.st_size);
  SHOW(truncate("a", -1));
  SHOW(truncate("d", 0));
  SHOW(truncate("missing", 0));
  SHOW(truncate("", 0));
  int ends[2];
  pipe(ends);
  SHOW(ftruncate(ends[1], 0));
  SHOW(ftruncate(open("a", O_RDWR), -1));
  SHOW(ftruncate(99, 0));
  SHOW(ftruncate(open("/dev/null", O_RDWR), 0));
}

CASE(vectors) {
  char one[4] = "", two[8] = "";
  struct iovec vector[3] = {{"abc", 3}, {NULL, 0}, {"defg", 4}};
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(writev(fd, vector, 3));
  TEXT(file_content("a"));
  struct iovec in[2] = {{one, 3}, {two, 7}};
  SHOW(preadv(fd, in, 2, 1));
  TEXT(one);
  TEXT(two);
  SHOW(readv(fd, in, -1));
  SHOW(readv(fd, in, 1025));
  SHOW(readv(fd, in, 0));
  SHOW(writev(fd, (void *)16, 1));
  in[0].iov_len = -1;
  SHOW(readv(fd, in, 2));
  SHOW(preadv(fd, in, 2, -5));
  SHOW(writev(open("a", O_RDONLY), vector, 3));
}

CASE(vectors_flags) {
  struct iovec vector = {"xyz", 3};
  char buffer[8] = "";
  struct iovec in = {buffer, 7};
  make_file("a", "0123456789");
  int fd = open("a", O_RDWR);
  SHOW(pwritev2(fd, &vector, 1, 0, RWF_APPEND));
  TEXT(file_content("a"));
  SHOW(pwritev2(fd, &vector, 1, -1, RWF_SYNC));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(preadv2(fd, &in, 1, -1, 0));
  TEXT(buffer);
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(preadv2(fd, &in, 1, 0, 0x40000000));
  SHOW(preadv2(fd, &in, 1, 0, RWF_HIPRI));
}

CASE(allocate) {
  struct stat status;
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  write(fd, "0123456789", 10);
  SHOW(fallocate(fd, 0, 0, 8192));
  fstat(fd, &status);
  SHOW(status.st_size);
  SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 16384));
  fstat(fd, &status);
  SHOW(status.st_size);
  SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
  char text[11] = "";
  pread(fd, text, 10, 0);
  SHOW(text[1]);
  SHOW(text[2] | text[3] | text[4]);
  SHOW(text[5]);
  SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
  SHOW(fallocate(fd, 0, -1, 10));
  SHOW(fallocate(fd, 0, 0, 0));
  SHOW(fallocate(fd, 0, LONG_MAX - 5, 10));
  SHOW(fallocate(fd, 0x1000, 0, 10));
  SHOW(fallocate(open("a", O_RDONLY), 0, 0, 10));
  int ends[2];
  pipe(ends);
  SHOW(fallocate(ends[1], 0, 0, 10));
  SHOW(posix_fallocate(fd, 0, 20000));
}

CASE(allocate_other_modes) {
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 65536);
  SHOW(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
  SHOW(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096));
  SHOW(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096));
  SHOW(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
}

CASE(duplicates) {
  int fd = open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  int copy = dup(fd);
  write(fd, "abc", 3);
  SHOW(lseek(copy, 0, SEEK_CUR));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(fcntl(copy, F_GETFD));
  SHOW(dup2(fd, 20));
  SHOW(dup2(fd, fd) == fd);
  SHOW(dup2(99, 99));
  SHOW(dup2(99, 21));
  SHOW(dup3(fd, 22, O_CLOEXEC));
  SHOW(fcntl(22, F_GETFD));
  SHOW(dup3(fd, fd, 0));
  SHOW(dup3(fd, 23, O_APPEND));
  SHOW(dup2(fd, -1));
  SHOW(dup2(fd, 1 << 24));
  SHOW(fcntl(fd, F_DUPFD, 30));
  SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 30));
  SHOW(fcntl(31, F_GETFD));
  SHOW(fcntl(fd, F_DUPFD, -1));
  SHOW(close(20));
  SHOW(close(20));
}

CASE(fcntl_flags) {
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_TRUNC | O_RDONLY));
  HEX(fcntl(fd, F_GETFL) & ~O_LARGEFILE);
  SHOW(fcntl(fd, F_SETFL, 0));
  HEX(fcntl(fd, F_GETFL) & ~O_LARGEFILE);
  SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC | 0x100));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(fcntl(fd, 9999));
  SHOW(fcntl(99, F_GETFL));
  HEX(fcntl(open(".", O_RDONLY | O_DIRECTORY | O_NONBLOCK), F_GETFL) & ~O_LARGEFILE);
  HEX(fcntl(open("a", O_WRONLY | O_SYNC), F_GETFL) & ~O_LARGEFILE);
  int on = 1;
  SHOW(ioctl(fd, FIONBIO, &on));
  HEX(fcntl(fd, F_GETFL) & O_NONBLOCK);
  SHOW(ioctl(fd, FIOCLEX));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(ioctl(fd, FIONCLEX));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(ioctl(fd, 0x12345678, 0));
}

CASE(close_ranges) {
  for (int i = 10; i < 20; i++) dup2(0, i);
  SHOW(close_range(12, 14, 0));
  SHOW(fcntl(11, F_GETFD));
  SHOW(fcntl(12, F_GETFD));
  SHOW(fcntl(15, F_GETFD));
  SHOW(close_range(15, 16, CLOSE_RANGE_CLOEXEC));
  SHOW(fcntl(15, F_GETFD));
  SHOW(close_range(5, 4, 0));
  SHOW(close_range(5, 6, 0x80));
  SHOW(close_range(17, ~0u, CLOSE_RANGE_UNSHARE));
  SHOW(fcntl(19, F_GETFD));
}

CASE(devices) {
  char buffer[4] = "abc";
  int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
  SHOW(read(null, buffer, 4));
  SHOW(write(null, buffer, 4));
  SHOW(read(zero, buffer, 4));
  SHOW(buffer[0] | buffer[1] | buffer[2]);
  SHOW(write(full, buffer, 4));
  SHOW(read(full, buffer, 4));
  SHOW(lseek(null, 5, SEEK_SET));
  SHOW(lseek(zero, 5, SEEK_END));
  SHOW(read(open("/dev/urandom", O_RDONLY), buffer, 4));
  OK(open("/dev/tty", O_RDWR));
  SHOW(write(null, (void *)8, 4));
  SHOW(write(zero, (void *)8, 4));
}

CASE(synchronising) {
  int fd = open("a", O_RDWR | O_CREAT, 0644), ends[2];
  pipe(ends);
  SHOW(fsync(fd));
  SHOW(fdatasync(fd));
  SHOW(fsync(open(".", O_RDONLY)));
  SHOW(fsync(ends[0]));
  SHOW(fdatasync(99));
  SHOW(sync_file_range(fd, 0, 10, 0));
  SHOW(sync_file_range(fd, -1, 10, 0));
  SHOW(sync_file_range(fd, 0, 10, 0x80));
  SHOW(sync_file_range(ends[0], 0, 10, 0));
  SHOW(syncfs(fd));
  SHOW(syncfs(99));
  SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
  SHOW(posix_fadvise(fd, 0, 0, 77));
  SHOW(posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL));
  SHOW(readahead(fd, 0, 10));
  SHOW(readahead(ends[0], 0, 10));
}

CASE(unlinked_file) {
  struct stat status;
  char text[4] = "";
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  write(fd, "abc", 3);
  unlink("a");
  fstat(fd, &status);
  SHOW(status.st_nlink);
  SHOW(pread(fd, text, 3, 0));
  TEXT(text);
  SHOW(write(fd, "def", 3));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  TEXT(file_content(path));
  SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "b", AT_SYMLINK_FOLLOW));
}

CASE(transfer_flags) {
  struct iovec vector = {"ab", 2};
  char buffer[4] = "";
  struct iovec in = {buffer, 3};
  int ends[2];
  make_file("a", "0123456789");
  int append = open("a", O_RDWR | O_APPEND);
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
  SHOW(pwritev2(append, &vector, 1, 4, RWF_NOAPPEND));
  TEXT(file_content("a"));
  SHOW(pwritev2(append, &vector, 1, 4, RWF_NOAPPEND | RWF_APPEND));
  SHOW(pwritev2(append, &vector, 1, -1, RWF_APPEND));
  SHOW(lseek(append, 0, SEEK_CUR));
  pipe(ends);
  SHOW(preadv2(ends[0], &in, 1, -1, RWF_NOWAIT));
  SHOW(pwritev2(ends[1], &vector, 1, -1, RWF_NOWAIT));
  SHOW(preadv2(ends[0], &in, 1, -1, RWF_NOWAIT));
  SHOW(preadv2(ends[0], &in, 1, 0, 0));
  SHOW(fcntl(ends[0], F_GETFL));
}

CASE(holes_and_data) {
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 65536);
  SHOW(lseek(fd, 0, SEEK_DATA));
  pwrite(fd, "x", 1, 8192), pwrite(fd, "y", 1, 40000);
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, 8193, SEEK_DATA));
  SHOW(lseek(fd, 8193, SEEK_HOLE));
  SHOW(lseek(fd, 12288, SEEK_DATA));
  SHOW(lseek(fd, 50000, SEEK_DATA));
  SHOW(lseek(fd, 50000, SEEK_HOLE));
  SHOW(lseek(fd, 65536, SEEK_HOLE));
  char *map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map[20480] = 'z';
  SHOW(lseek(fd, 12288, SEEK_DATA));
  SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 4096));
  SHOW(lseek(fd, 0, SEEK_DATA));
}
