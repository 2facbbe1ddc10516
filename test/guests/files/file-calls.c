/*
 * File system calls with every kind of right and wrong argument: what each one returns, and the errno.
 * Works in a directory "t" that it makes. Arguments name the sections to do; without any it does all.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* Prints an expression with its value, and the errno where that is negative. */
#define T(expression)                                                                        \
    do {                                                                                     \
        errno = 0;                                                                           \
        long value = (long)(expression);                                                     \
        printf("%s = %ld %s\n", #expression, value, value < 0 ? strerrorname_np(errno) : ""); \
    } while (0)

static char buffer[400];
static char zeros[100000];
/* The file "a", open for reading and writing, in every section. */
static int fd;

static void show_stat(const char *path)
{
    struct stat s;
    if (lstat(path, &s)) {
        printf("stat %s: %s\n", path, strerrorname_np(errno));
        return;
    }
    int directory = S_ISDIR(s.st_mode);
    printf("stat %s: %o links %d size %ld\n", path, s.st_mode, directory ? 0 : (int)s.st_nlink,
           directory ? 0 : (long)s.st_size);
}

static void show(const char *path)
{
    int file = open(path, O_RDONLY);
    int count = file < 0 ? -1 : read(file, buffer, sizeof buffer);
    if (count < 0)
        printf("show %s: %s\n", path, strerrorname_np(errno));
    else
        printf("show %s: '%.*s'\n", path, count, buffer);
    if (file >= 0)
        close(file);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    char *names[100];
    int count = 0;
    DIR *directory = opendir(path);
    if (!directory) {
        printf("list %s: %s\n", path, strerrorname_np(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (asprintf(&names[count], "%s:%d", entry->d_name, entry->d_type) >= 0)
            count++;
    closedir(directory);
    qsort(names, count, sizeof *names, by_text);
    printf("list %s:", path);
    for (int i = 0; i < count; i++)
        printf(" %s", names[i]);
    printf("\n");
}

static void on_signal(int number)
{
    printf("signal %d\n", number);
}

static void transfer(void)
{
    T(write(fd, "hello", 5));
    T(lseek(fd, 0, SEEK_SET));
    T(read(fd, buffer, 100));
    T(read(fd, buffer, 100));
    T(read(fd, buffer, 0));
    T(pread(fd, buffer, 3, 1));
    T(pread(fd, buffer, 3, -1));
    T(pwrite(fd, "XY", 2, 1));
    show("a");
    T(lseek(fd, -1, SEEK_SET));
    T(lseek(fd, 3, SEEK_END));
    T(lseek(fd, 0, 9));
    T(lseek(fd, 2, SEEK_DATA));
    T(lseek(fd, 2, SEEK_HOLE));
    T(lseek(fd, 20, SEEK_DATA));
    T(read(99, buffer, 1));
    T(write(fd, (void *)1, 5));
    T(lseek(fd, 0, SEEK_SET));
    T(read(fd, (void *)1, 5));
    T(syscall(SYS_read, fd, buffer, -1));
    T(ftruncate(fd, 3));
    show("a");
    T(ftruncate(fd, -1));
    T(truncate("a", 7));
    show_stat("a");
    T(truncate("none", 0));
    T(truncate(".", 0));
    int append = open("a", O_WRONLY | O_APPEND);
    T(write(append, "app", 3));
    T(lseek(append, 0, SEEK_CUR));
    T(pwrite(append, "Q", 1, 0));
    T(read(append, buffer, 1));
    T(fcntl(append, F_GETFL) & ~0100000);
    T(fcntl(append, F_SETFL, O_NONBLOCK));
    T(fcntl(append, F_GETFL) & ~0100000);
    close(append);
}

static void vectors(void)
{
    struct iovec from[3] = {{"one", 3}, {0, 0}, {"two", 3}};
    char first[4], second[10];
    struct iovec to[2] = {{first, 4}, {second, 10}};
    T(writev(fd, from, 3));
    T(lseek(fd, 0, SEEK_SET));
    T(readv(fd, to, 2));
    printf("%.4s %.2s\n", first, second);
    T(readv(fd, to, -1));
    T(readv(fd, to, 1025));
    T(preadv(fd, to, 2, 1));
    T(pwritev(fd, from, 3, 2));
    to[0].iov_len = -1;
    T(readv(fd, to, 2));
    show("a");
}

static void opening(void)
{
    char name[300], *path = malloc(5000);
    memset(name, 'n', 299);
    name[299] = 0;
    memset(path, 'p', 4999);
    path[4999] = 0;
    mkdir("d", 0777);
    T(open("a", O_CREAT | O_EXCL, 0600));
    T(open("none", O_RDONLY));
    T(open("a/x", O_RDONLY));
    T(open("a/", O_RDONLY));
    T(open(".", O_RDWR));
    T(open("a", O_DIRECTORY));
    T(open("", O_RDONLY));
    T(open("new/", O_CREAT | O_RDWR, 0600));
    T(open(".", O_CREAT | O_RDONLY, 0600));
    T(open((char *)1, O_RDONLY));
    T(open(name, O_CREAT | O_RDWR, 0600));
    T(open(path, O_RDONLY));
    T(openat(fd, "x", O_RDONLY));
    T(openat(99, "x", O_RDONLY));
    T(openat(99, "/", O_RDONLY) > 0);
    T(close(open("tr", O_CREAT | O_WRONLY, 0400)));
    T(close(open("tr", O_RDONLY | O_TRUNC)));
    show_stat("tr");
    T(umask(0));
    T(close(open("um", O_CREAT | O_RDWR, 0777)));
    show_stat("um");
    T(umask(022));
    free(path);
}

static void links(void)
{
    mkdir("d", 0777);
    T(symlink("a", "l"));
    T(symlink("none", "dangling"));
    T(symlink("loop", "loop"));
    T(symlink("a", "l"));
    T(symlink("", "e"));
    T(readlink("l", buffer, 100));
    T(readlink("l", buffer, 0));
    T(readlink("a", buffer, 100));
    T(readlink("none", buffer, 100));
    show_stat("l");
    T(open("l", O_RDONLY | O_NOFOLLOW));
    T(open("loop", O_RDONLY));
    int path = open("l", O_PATH | O_NOFOLLOW);
    T(readlinkat(path, "", buffer, 100));
    T(read(path, buffer, 1));
    T(fchmod(path, 0600));
    struct stat s;
    T(fstat(path, &s));
    printf("%o\n", s.st_mode);
    close(path);
    T(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600));
    T(close(open("dangling", O_CREAT | O_RDWR, 0600)));
    show_stat("none");
    T(unlink("none"));
    T(link("a", "b"));
    show_stat("a");
    T(link("a", "b"));
    T(link("d", "dd"));
    T(link("none", "n"));
    T(link("l", "ll"));
    show_stat("ll");
    T(linkat(AT_FDCWD, "l", AT_FDCWD, "lf", AT_SYMLINK_FOLLOW));
    show_stat("lf");
    T(link("a", "x/y"));
    T(link("a", "n/"));
    T(link("a/", "n"));
    list(".");
}

static void directories(void)
{
    T(mkdir("d", 01777));
    show_stat("d");
    T(mkdir("d", 0777));
    T(mkdir("d/", 0777));
    T(mkdir("x/y", 0777));
    T(mkdir("d/e/", 0755));
    symlink("none", "dangling");
    symlink("d", "l");
    T(mkdir("dangling", 0777));
    T(mkdir("dangling/", 0777));
    T(mkdir(".", 0777));
    T(mkdir("/", 0777));
    T(rmdir("d"));
    T(rmdir("a"));
    T(rmdir("none"));
    T(rmdir("d/e/."));
    T(rmdir("d/e/.."));
    T(rmdir("/"));
    T(rmdir("l/"));
    T(unlink("d"));
    T(unlink("a/"));
    T(unlink("none/"));
    T(unlink("."));
    T(unlink("d/e/."));
    T(unlinkat(AT_FDCWD, "d/e", 0x999));
    list(".");
    list("d");
    list("none");
    list("a");
    T(mkdir("gone", 0777));
    T(chdir("gone"));
    T(rmdir("../gone"));
    T(getcwd(buffer, 100) ? 0 : -1);
    T(open("x", O_CREAT | O_RDWR, 0600));
    T(mkdir("y", 0700));
    list(".");
    T(chdir(".."));
    T(chdir("none"));
    T(chdir("a"));
    T(fchdir(fd));
    T(syscall(SYS_getcwd, buffer, 2));
    T(syscall(SYS_getdents64, fd, buffer, 100));
    int here = open(".", O_RDONLY);
    T(fchdir(here));
    T(syscall(SYS_getdents64, here, buffer, 5));
    T(lseek(here, 0, SEEK_SET));
    T(syscall(SYS_getdents64, 99, buffer, 100));
    T(read(here, buffer, 1));
    T(write(here, buffer, 1));
    T(ftruncate(here, 0));
    T(fsync(here));
    close(here);
}

static void renaming(void)
{
    mkdir("d", 0777);
    mkdir("d/e", 0777);
    link("a", "b");
    symlink("a", "l");
    T(rename("b", "c"));
    T(rename("none", "x"));
    T(rename("c", "d"));
    T(rename("d", "c"));
    T(rename("d", "d/e/f"));
    T(rename("d/e", "d"));
    T(rename("a", "c"));
    show_stat("a");
    T(rename("c", "new/"));
    T(rename("c/", "x"));
    T(rename("d", "nd/"));
    T(rename("nd", "d"));
    T(rename(".", "x"));
    T(rename("d", ".."));
    T(rename("l/", "q"));
    T(rename("c", "l/"));
    T(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "a", 1));
    T(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "new", 2));
    T(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "new", 3));
    T(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "new", 8));
    T(mkdir("m", 0777));
    T(rename("m", "d/e"));
    list("d");
    T(rename("d", "d2"));
    T(chdir("d2/e"));
    T(rename("../../d2", "../../d3"));
    T(getcwd(buffer, 300) ? 0 : -1);
    printf("%s\n", strrchr(buffer, 't'));
    T(chdir("../.."));
}

static void exchange(void)
{
    mkdir("d", 0777);
    T(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", 2));
    show_stat("a");
    show_stat("d");
    T(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "a", 2));
    show_stat("a");
}

static void attributes(void)
{
    struct stat s;
    struct statx x;
    struct statfs f;
    mkdir("d", 0777);
    symlink("a", "l");
    symlink("none", "dangling");
    T(access("a", F_OK));
    T(access("a", R_OK | W_OK));
    T(access("a", X_OK));
    T(access("d", X_OK));
    T(access("none", F_OK));
    T(access("a/b", F_OK));
    T(access("dangling", F_OK));
    T(syscall(SYS_faccessat, AT_FDCWD, "a", 9));
    T(chmod("a", 0751));
    show_stat("a");
    T(chmod("none", 0));
    T(fchmod(fd, 0600));
    T(chmod("l", 0644));
    show_stat("a");
    T(chown("a", -1, -1));
    T(fchownat(AT_FDCWD, "l", 0, 0, AT_SYMLINK_NOFOLLOW));
    T(fchownat(fd, "", 0, 0, AT_EMPTY_PATH));
    T(fchownat(fd, "", 0, 0, 0));
    T(fchownat(fd, "", 0, 0, 0x9999));
    struct timespec times[2] = {{1000000000, 5000}, {2000000000, 500000000}};
    T(utimensat(AT_FDCWD, "a", times, 0));
    stat("a", &s);
    printf("%ld %ld %ld\n", s.st_atime, s.st_mtime, s.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = 5;
    T(futimens(fd, times));
    stat("a", &s);
    printf("%ld %ld\n", s.st_atime, s.st_mtime);
    times[1].tv_nsec = 2000000000;
    T(futimens(fd, times));
    T(utimensat(AT_FDCWD, "none", 0, 0));
    times[1] = (struct timespec){-100, 0};
    T(utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
    lstat("l", &s);
    printf("%ld\n", s.st_mtime);
    T(syscall(SYS_statx, AT_FDCWD, "a", 0, 0x7ff, &x));
    printf("%x %o %lld\n", x.stx_mask & 0x7ff, x.stx_mode, (long long)x.stx_size);
    T(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x7ff, &x));
    T(syscall(SYS_statx, fd, "", 0, 0x7ff, &x));
    T(syscall(SYS_statx, AT_FDCWD, "a", 0x6000, 0x7ff, &x));
    T(syscall(SYS_statx, AT_FDCWD, "a", 0, 0x80000000, &x));
    T(fstatat(fd, "", &s, AT_EMPTY_PATH));
    T(fstatat(AT_FDCWD, "a", &s, 0x7777));
    T(fstatat(AT_FDCWD, "", &s, 0));
    T(stat("a", (void *)1));
    T(statfs(".", &f));
    T(statfs("none", &f));
    T(fstatfs(fd, &f));
    printf("%ld\n", (long)f.f_namelen);
}

static void set_id(void)
{
    T(chmod("a", 06755));
    show_stat("a");
    T(chown("a", 0, 0));
    show_stat("a");
    umask(0);
    T(close(open("um", O_CREAT | O_RDWR, 07777)));
    show_stat("um");
    umask(022);
}

static void descriptors(void)
{
    T(dup(fd) - fd);
    T(dup2(fd, 50));
    T(dup2(fd, fd) - fd);
    T(dup3(fd, fd, 0));
    T(dup2(99, 5));
    T(dup2(fd, 100000000));
    T(dup2(fd, -1));
    T(dup3(fd, 51, O_CLOEXEC));
    T(fcntl(51, F_GETFD));
    T(fcntl(50, F_GETFD));
    T(fcntl(fd, F_DUPFD, 60));
    T(fcntl(fd, F_DUPFD_CLOEXEC, 60));
    T(fcntl(fd, F_DUPFD, -1));
    T(fcntl(99, F_GETFD));
    T(fcntl(fd, 9999));
    T(lseek(50, 2, SEEK_SET));
    T(lseek(fd, 0, SEEK_CUR));
    T(close(50));
    T(close(50));
    T(close(-1));
    T(syscall(SYS_close_range, 51, 100, 0));
    T(fcntl(60, F_GETFD));
    T(syscall(SYS_close_range, 10, 5, 0));
    struct flock lock = {.l_type = F_WRLCK};
    T(flock(fd, LOCK_EX));
    T(fcntl(fd, F_SETLK, &lock));
    T(fcntl(fd, F_GETLK, &lock));
    printf("%d\n", lock.l_type);
    T(ioctl(fd, TIOCGWINSZ, buffer));
    T(ioctl(99, 1, buffer));
    T(isatty(fd));
}

static void pipes(void)
{
    int end[2], ready;
    struct stat s;
    T(pipe2(end, O_NONBLOCK));
    T(read(end[0], buffer, 10));
    T(write(end[1], "pipe", 4));
    T(ioctl(end[0], FIONREAD, &ready));
    printf("%d\n", ready);
    T(read(end[0], buffer, 2));
    T(read(end[0], buffer, 10));
    T(lseek(end[0], 0, SEEK_SET));
    T(pread(end[0], buffer, 1, 0));
    T(write(end[0], buffer, 1));
    T(read(end[1], buffer, 1));
    T(write(end[1], zeros, 100000));
    T(write(end[1], zeros, 1));
    struct pollfd asked[3] = {{end[0], POLLIN, 0}, {end[1], POLLOUT, 0}, {99, POLLIN, 0}};
    T(poll(asked, 3, 0));
    printf("%d %d %d\n", asked[0].revents, asked[1].revents, asked[2].revents);
    T(read(end[0], zeros, 100000));
    asked[2].fd = -1;
    T(poll(asked, 3, 10));
    printf("%d %d %d\n", asked[0].revents, asked[1].revents, asked[2].revents);
    T(close(end[1]));
    T(poll(asked, 1, 0));
    printf("%d\n", asked[0].revents);
    T(read(end[0], buffer, 1));
    T(fstat(end[0], &s));
    printf("%o\n", s.st_mode);
    T(close(end[0]));
    T(pipe2(end, 0x12345));
    T(pipe((int *)1));
    T(pipe(end));
    close(end[0]);
    signal(SIGPIPE, on_signal);
    T(write(end[1], "x", 1));
    signal(SIGPIPE, SIG_IGN);
    T(write(end[1], "x", 1));
    asked[0].fd = end[1];
    asked[0].events = POLLOUT;
    T(poll(asked, 1, 0));
    printf("%d\n", asked[0].revents);
    close(end[1]);
}

/* Again and again: on a busy host the first time may be before the call that is to be interrupted. */
static void wake_soon(void)
{
    struct itimerval soon = {.it_value.tv_usec = 50000, .it_interval.tv_usec = 50000};
    setitimer(ITIMER_REAL, &soon, 0);
}

static void wake_no_more(void)
{
    struct itimerval never = {0};
    setitimer(ITIMER_REAL, &never, 0);
}

static void waiting(void)
{
    int end[2];
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, 0);
    pipe(end);
    struct pollfd asked = {end[0], POLLIN, 0};
    struct timeval moment = {0, 1000};
    fd_set reads, writes;
    wake_soon();
    T(read(end[0], buffer, 1));
    wake_no_more();
    wake_soon();
    T(poll(&asked, 1, 5000));
    wake_no_more();
    FD_ZERO(&reads);
    FD_SET(end[0], &reads);
    wake_soon();
    T(select(end[0] + 1, &reads, 0, 0, 0));
    wake_no_more();
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(end[0], &reads);
    FD_SET(end[1], &writes);
    T(select(end[1] + 1, &reads, &writes, 0, &moment));
    printf("%d %d\n", FD_ISSET(end[0], &reads), FD_ISSET(end[1], &writes));
    // Linux looks at no more files than its table has room for: 64, and more where the parent had more open.
    FD_SET(59, &reads);
    T(select(60, &reads, 0, 0, &moment));
    T(select(-1, 0, 0, 0, &moment));
    moment.tv_usec = 1000;
    T(select(0, 0, 0, 0, &moment));
    T(poll((void *)1, 1, 0));
    sigset_t blocked, none;
    struct timespec short_time = {0, 1000000};
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, 0);
    raise(SIGALRM);
    T(ppoll(&asked, 1, &short_time, 0));
    T(ppoll(&asked, 1, 0, &none));
    T(ppoll(&asked, 1, &short_time, &none));
    sigprocmask(SIG_BLOCK, 0, &none);
    printf("%d\n", sigismember(&none, SIGALRM));
    sigprocmask(SIG_UNBLOCK, &blocked, 0);
    close(end[0]);
    close(end[1]);
}

static void copying(void)
{
    int from = open("from", O_CREAT | O_RDWR | O_TRUNC, 0644);
    int to = open("to", O_CREAT | O_RDWR | O_TRUNC, 0644);
    off_t offset = 2;
    loff_t target = 1;
    write(from, "0123456789", 10);
    T(sendfile(to, from, &offset, 5));
    printf("%ld\n", (long)offset);
    lseek(from, 8, SEEK_SET);
    T(sendfile(to, from, 0, 50));
    show("to");
    offset = 0;
    T(copy_file_range(from, &offset, to, &target, 3, 0));
    show("to");
    T(copy_file_range(from, &offset, to, &target, 3, 1));
    T(lseek(from, 0, SEEK_CUR));
    T(copy_file_range(from, 0, from, 0, 3, 0));
    T(posix_fallocate(to, 0, 100));
    show_stat("to");
    T(fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
    T(fallocate(to, 0, -1, 3));
    T(fallocate(to, 0, 0, 0));
    T(fsync(to));
    T(fdatasync(99));
    T(posix_fadvise(to, 0, 0, POSIX_FADV_WILLNEED));
    T(syscall(SYS_fadvise64, to, 0, 0, 77));
    close(from);
    close(to);
}

static sigjmp_buf beyond;
static void on_bus(int number)
{
    siglongjmp(beyond, number);
}

static void mapping(void)
{
    write(fd, "mapped", 6);
    char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    printf("%.6s\n", page);
    memcpy(page, "MM", 2);
    T(msync(page, 4096, MS_SYNC));
    show("a");
    signal(SIGBUS, on_bus);
    int number = sigsetjmp(beyond, 1);
    if (number == 0)
        printf("%d\n", page[5000]);
    else
        printf("beyond the file: signal %d\n", number);
    T(munmap(page, 8192));
    page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(page, "PP", 2);
    show("a");
    unlink("a");
    printf("%.6s\n", page);
    T(munmap(page, 4096));
    int other = open("other", O_CREAT | O_RDONLY, 0600);
    T(mmap(0, 4096, PROT_WRITE, MAP_SHARED, other, 0) == MAP_FAILED);
    T(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED);
    other = open(".", O_RDONLY);
    T(mmap(0, 4096, PROT_READ, MAP_PRIVATE, other, 0) == MAP_FAILED);
    printf("%s\n", strerrorname_np(errno));
}

static void fifos(void)
{
    T(mkfifo("f", 0644));
    show_stat("f");
    T(mknod("f", S_IFIFO, 0));
    T(open("f", O_WRONLY | O_NONBLOCK));
    int reader = open("f", O_RDONLY | O_NONBLOCK);
    T(read(reader, buffer, 1));
    int writer = open("f", O_WRONLY | O_NONBLOCK);
    T(write(writer, "fifo", 4));
    T(read(reader, buffer, 10));
    T(read(reader, buffer, 10));
    close(writer);
    T(read(reader, buffer, 10));
    close(reader);
}

static void devices(void)
{
    int file = open("/dev/null", O_RDWR);
    T(write(file, buffer, 100));
    T(read(file, buffer, 100));
    T(lseek(file, 5, SEEK_SET));
    close(file);
    file = open("/dev/zero", O_RDONLY);
    T(read(file, zeros, sizeof zeros));
    close(file);
    file = open("/dev/full", O_WRONLY);
    T(write(file, buffer, 1));
    close(file);
    file = open("/dev/urandom", O_RDONLY);
    T(read(file, buffer, 100));
    close(file);
    T(open("/dev/null", O_DIRECTORY));
    T(mknod("regular", S_IFREG | 0600, 0));
    show_stat("regular");
    T(mknod("directory", S_IFDIR | 0600, 0));
    sprintf(buffer, "/proc/self/fd/%d", fd);
    T(open(buffer, O_RDONLY) > 0);
    T(access("/proc/self/exe", X_OK));
}

static const struct {
    const char *name;
    void (*run)(void);
} sections[] = {
    {"transfer", transfer}, {"vectors", vectors},         {"opening", opening}, {"links", links},
    {"directories", directories}, {"renaming", renaming}, {"exchange", exchange}, {"attributes", attributes},
    {"set_id", set_id},     {"descriptors", descriptors}, {"pipes", pipes},     {"waiting", waiting},
    {"copying", copying},   {"mapping", mapping},         {"fifos", fifos},     {"devices", devices},
};

static int wanted(const char *name, char **names)
{
    if (!*names)
        return 1;
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return 1;
    return 0;
}

int main(int count, char **arguments)
{
    (void)count;
    umask(022);
    setvbuf(stdout, 0, _IOLBF, 0);
    T(mkdir("t", 0777));
    T(chdir("t"));
    for (unsigned i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (!wanted(sections[i].name, arguments + 1))
            continue;
        printf("-- %s\n", sections[i].name);
        mkdir(sections[i].name, 0777);
        chdir(sections[i].name);
        fd = open("a", O_CREAT | O_RDWR, 0644);
        sections[i].run();
        close(fd);
        chdir("..");
    }
    return 0;
}
