/* Waiting for files: poll, select, epoll, and files that exist to be waited for. */
#include "case.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

CASE(poll_events) {
  int ends[2], file = open("a", O_RDWR | O_CREAT, 0644);
  pipe(ends);
  struct pollfd fds[5] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {file, POLLIN | POLLOUT, 0}, {-1, POLLIN, 7}, {99, 0, 0}};
  SHOW(poll(fds, 5, 0));
  for (int i = 0; i < 5; i++) HEX(fds[i].revents);
  write(ends[1], "x", 1);
  SHOW(poll(fds, 1, -1));
  HEX(fds[0].revents);
  close(ends[1]);
  SHOW(poll(fds, 1, 1000));
  HEX(fds[0].revents);
  read(ends[0], ends + 1, 1);
  fds[0].events = 0;
  SHOW(poll(fds, 1, 1000));
  HEX(fds[0].revents);
  SHOW(poll(NULL, 0, 10));
  SHOW(poll((void *)8, 1, 0));
  SHOW(poll(fds, 1 << 24, 0));
}

static int alarms;
static void count_alarm(int number) { alarms++; }

CASE(poll_interrupted) {
  struct sigaction action = {.sa_handler = count_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 30000}};
  int ends[2];
  pipe(ends);
  struct pollfd fd = {ends[0], POLLIN, 0};
  setitimer(ITIMER_REAL, &timer, NULL);
  SHOW(poll(&fd, 1, -1));
  SHOW(alarms);
  struct timespec timeout = {-1, 0};
  SHOW(ppoll(&fd, 1, &timeout, NULL));
  timeout = (struct timespec){0, 1000000000};
  SHOW(ppoll(&fd, 1, &timeout, NULL));
  sigset_t none, all;
  sigemptyset(&none), sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  raise(SIGALRM);
  SHOW(alarms);
  SHOW(ppoll(&fd, 1, NULL, &none));
  SHOW(alarms);
  SHOW(syscall(SYS_ppoll, &fd, 1, NULL, &none, 4));
}

CASE(select_sets) {
  int ends[2];
  pipe(ends);
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(ends[0], &in);
  FD_SET(ends[1], &out);
  struct timeval timeout = {0, 0};
  SHOW(select(ends[1] + 1, &in, &out, NULL, &timeout));
  SHOW(FD_ISSET(ends[0], &in));
  SHOW(FD_ISSET(ends[1], &out));
  FD_SET(ends[0], &in);
  timeout.tv_usec = 20000;
  SHOW(select(ends[0] + 1, &in, NULL, NULL, &timeout));
  SHOW(timeout.tv_usec);
  SHOW(FD_ISSET(ends[0], &in));
  write(ends[1], "x", 1);
  FD_SET(ends[0], &in);
  SHOW(select(ends[0] + 1, &in, NULL, NULL, NULL));
  FD_SET(99, &in);
  SHOW(select(100, &in, NULL, NULL, NULL));
  FD_ZERO(&in);
  FD_SET(99, &in);
  timeout = (struct timeval){0, 0};
  SHOW(select(99, &in, NULL, NULL, &timeout));
  SHOW(select(-1, NULL, NULL, NULL, &timeout));
  timeout.tv_sec = -1;
  SHOW(select(0, NULL, NULL, NULL, &timeout));
  struct timespec time = {0, 0};
  SHOW(pselect(ends[0] + 1, (void *)8, NULL, NULL, &time, NULL));
}

static int watch(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(epoll, operation, fd, &event);
}

static void show_events(int epoll, int limit) {
  struct epoll_event events[8];
  int count = epoll_wait(epoll, events, limit, 0);
  say("events: %d", count);
  for (int i = 0; i < count; i++) say(" %lx:%#x", (long)events[i].data.u64, events[i].events);
  say("\n");
}

CASE(epoll_errors) {
  int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2], file = open("a", O_RDWR | O_CREAT, 0644);
  struct epoll_event events[2];
  pipe(ends);
  SHOW(fcntl(epoll, F_GETFD));
  SHOW(epoll_create1(1));
  SHOW(epoll_create(0));
  SHOW(watch(epoll, EPOLL_CTL_ADD, file, EPOLLIN, 1));
  SHOW(watch(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 1));
  SHOW(watch(epoll, EPOLL_CTL_ADD, 99, EPOLLIN, 1));
  SHOW(watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN, 1));
  SHOW(watch(epoll, EPOLL_CTL_DEL, ends[0], 0, 0));
  SHOW(watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
  SHOW(watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
  SHOW(watch(epoll, 9, ends[0], EPOLLIN, 1));
  SHOW(watch(ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN, 1));
  SHOW(epoll_wait(epoll, events, 0, 0));
  SHOW(epoll_wait(ends[0], events, 1, 0));
  SHOW(epoll_wait(epoll, events, -1, 0));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], (void *)8));
  SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
  SHOW(watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
  SHOW(watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
  SHOW(epoll_wait(epoll, events, 1, 10));
  SHOW(read(epoll, events, 8));
}

CASE(epoll_level) {
  int epoll = epoll_create1(0), ends[2];
  char byte;
  pipe(ends);
  watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 0x11);
  watch(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT, 0x22);
  show_events(epoll, 8);
  write(ends[1], "ab", 2);
  watch(epoll, EPOLL_CTL_DEL, ends[1], 0, 0);
  show_events(epoll, 8);
  read(ends[0], &byte, 1);
  show_events(epoll, 8);
  read(ends[0], &byte, 1);
  show_events(epoll, 8);
  close(ends[1]);
  show_events(epoll, 8);
  watch(epoll, EPOLL_CTL_MOD, ends[0], 0, 0x33);
  show_events(epoll, 8);
  close(ends[0]);
  show_events(epoll, 8);
}

CASE(epoll_edge) {
  int epoll = epoll_create1(0), ends[2];
  char byte;
  pipe(ends);
  watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET, 1);
  show_events(epoll, 8);
  write(ends[1], "abc", 3);
  show_events(epoll, 8);
  show_events(epoll, 8);
  read(ends[0], &byte, 1);
  show_events(epoll, 8);
  write(ends[1], "d", 1);
  show_events(epoll, 8);
  watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET, 2);
  show_events(epoll, 8);
  show_events(epoll, 8);
  close(ends[1]);
  show_events(epoll, 8);
  show_events(epoll, 8);
}

CASE(epoll_oneshot) {
  int epoll = epoll_create1(0), ends[2];
  pipe(ends);
  watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLONESHOT, 1);
  write(ends[1], "abc", 3);
  show_events(epoll, 8);
  show_events(epoll, 8);
  write(ends[1], "abc", 3);
  show_events(epoll, 8);
  watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 2);
  show_events(epoll, 8);
  show_events(epoll, 8);
  watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN, 3);
  show_events(epoll, 8);
}

CASE(epoll_duplicates) {
  int epoll = epoll_create1(0), ends[2];
  pipe(ends);
  write(ends[1], "x", 1);
  watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1);
  int copy = dup(ends[0]);
  SHOW(watch(epoll, EPOLL_CTL_ADD, copy, EPOLLIN, 2));
  watch(epoll, EPOLL_CTL_DEL, copy, 0, 0);
  close(ends[0]);
  show_events(epoll, 8);
  close(copy);
  show_events(epoll, 8);
}

CASE(epoll_nested) {
  int inner = epoll_create1(0), outer = epoll_create1(0), ends[2];
  pipe(ends);
  SHOW(watch(inner, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
  SHOW(watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
  SHOW(watch(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3));
  show_events(outer, 8);
  write(ends[1], "x", 1);
  show_events(outer, 8);
  struct pollfd fd = {outer, POLLIN, 0};
  SHOW(poll(&fd, 1, 0));
  show_events(inner, 8);
}

CASE(epoll_fairness) {
  int epoll = epoll_create1(0), ends[3][2];
  for (int i = 0; i < 3; i++) {
    pipe(ends[i]);
    watch(epoll, EPOLL_CTL_ADD, ends[i][0], EPOLLIN, i);
    write(ends[i][1], "x", 1);
  }
  for (int i = 0; i < 6; i++) show_events(epoll, 1);
}

CASE(epoll_waking) {
  int epoll = epoll_create1(0), ends[2];
  struct epoll_event event;
  pid_t child;
  pipe(ends);
  watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 5);
  IN_CHILD(child) {
    nap(30);
    write(ends[1], "x", 1);
  }
  SHOW(epoll_wait(epoll, &event, 1, -1));
  SHOW(event.data.u64);
  ENDED(child);
  sigset_t blocked, none;
  sigemptyset(&none), sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1);
  signal(SIGUSR1, count_alarm);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  raise(SIGUSR1);
  read(ends[0], &event, 1);
  SHOW(epoll_pwait(epoll, &event, 1, 10, &blocked));
  SHOW(epoll_pwait(epoll, &event, 1, -1, &none));
  SHOW(alarms);
  struct timespec soon = {0, 1000000};
  SHOW(syscall(SYS_epoll_pwait2, epoll, &event, 1, &soon, NULL, 8));
}

CASE(event_counter) {
  uint64_t value = 5;
  int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  SHOW(read(fd, &value, 8));
  SHOW(value);
  SHOW(read(fd, &value, 8));
  value = 4;
  SHOW(write(fd, &value, 8));
  SHOW(write(fd, &value, 8));
  SHOW(read(fd, &value, 8));
  SHOW(value);
  SHOW(write(fd, &value, 4));
  SHOW(read(fd, &value, 4));
  value = -1;
  SHOW(write(fd, &value, 8));
  value = -2;
  SHOW(write(fd, &value, 8));
  value = 1;
  SHOW(write(fd, &value, 8));
  struct pollfd poll_fd = {fd, POLLIN | POLLOUT, 0};
  SHOW(poll(&poll_fd, 1, 0));
  HEX(poll_fd.revents);
  SHOW(eventfd(0, 0x10));
  int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  SHOW(read(semaphore, &value, 8));
  SHOW(value);
  SHOW(read(semaphore, &value, 8));
  SHOW(read(semaphore, &value, 8));
  SHOW(lseek(fd, 0, SEEK_SET));
}

CASE(timer_file) {
  uint64_t count = 0;
  struct itimerspec time = {{0, 0}, {0, 20000000}}, now;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  SHOW(read(fd, &count, 8));
  SHOW(timerfd_settime(fd, 0, &time, NULL));
  struct pollfd poll_fd = {fd, POLLIN, 0};
  SHOW(poll(&poll_fd, 1, 5000));
  SHOW(read(fd, &count, 8));
  SHOW(count);
  SHOW(read(fd, &count, 8));
  SHOW(timerfd_gettime(fd, &now));
  SHOW(now.it_value.tv_sec + now.it_value.tv_nsec);
  time = (struct itimerspec){{1000, 0}, {1, 0}};
  SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, &now));
  SHOW(poll(&poll_fd, 1, 5000));
  SHOW(read(fd, &count, 8));
  timerfd_gettime(fd, &now);
  SHOW(now.it_interval.tv_sec);
  SHOW(read(fd, &count, 4));
  SHOW(timerfd_create(77, 0));
  SHOW(timerfd_create(CLOCK_REALTIME, 0x3));
  SHOW(timerfd_settime(fd, 0x10, &time, NULL));
  time.it_value.tv_nsec = 1000000000;
  SHOW(timerfd_settime(fd, 0, &time, NULL));
  SHOW(timerfd_settime(0, 0, &time, NULL));
  SHOW(timerfd_gettime(fd, (void *)8));
  SHOW(write(fd, &count, 8));
}

CASE(signal_file) {
  sigset_t set;
  struct signalfd_siginfo info[4];
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  SHOW(read(fd, info, sizeof info));
  SHOW(read(fd, info, 10));
  kill(getpid(), SIGUSR1), kill(getpid(), SIGUSR1);
  sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 7});
  sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 8});
  struct pollfd poll_fd = {fd, POLLIN, 0};
  SHOW(poll(&poll_fd, 1, 0));
  SHOW(read(fd, info, sizeof info) / sizeof info[0]);
  for (int i = 0; i < 3; i++) say("signal %d code %d value %d own %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_int, info[i].ssi_pid == (uint32_t)getpid());
  SHOW(poll(&poll_fd, 1, 0));
  sigdelset(&set, SIGUSR1);
  SHOW(signalfd(fd, &set, 0) == fd);
  kill(getpid(), SIGUSR1);
  SHOW(read(fd, info, sizeof info));
  SHOW(signalfd(0, &set, 0));
  SHOW(signalfd(-1, &set, 1));
  SHOW(syscall(SYS_signalfd4, -1, &set, 4, 0));
}

static void show_notes(int fd) {
  char buffer[4096] __attribute__((aligned(8)));
  ssize_t length = read(fd, buffer, sizeof buffer);
  if (length < 0) say("read: %s\n", error_name(errno));
  for (ssize_t at = 0; at < length;) {
    struct inotify_event *event = (void *)(buffer + at);
    say("watch %d mask %#x cookie %s name \"%s\"\n", event->wd, event->mask, event->cookie ? "some" : "none", event->len ? event->name : "");
    at += sizeof *event + event->len;
  }
}

CASE(notify_directory) {
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  mkdir("d", 0755);
  SHOW(inotify_add_watch(fd, "d", IN_ALL_EVENTS));
  show_notes(fd);
  make_file("d/a", "x");
  show_notes(fd);
  file_content("d/a");
  show_notes(fd);
  chmod("d/a", 0600), rename("d/a", "d/b"), rename("d/b", "c"), rename("c", "d/e");
  show_notes(fd);
  mkdir("d/sub", 0755), rmdir("d/sub"), unlink("d/e");
  show_notes(fd);
  rmdir("d");
  show_notes(fd);
}

CASE(notify_watches) {
  int fd = inotify_init1(IN_NONBLOCK), left;
  make_file("a", "");
  SHOW(inotify_add_watch(fd, "a", IN_MODIFY));
  SHOW(inotify_add_watch(fd, "a", IN_ATTRIB));
  truncate("a", 5), chmod("a", 0600);
  SHOW(ioctl(fd, FIONREAD, &left));
  SHOW(left);
  show_notes(fd);
  SHOW(inotify_add_watch(fd, "a", IN_MODIFY | IN_MASK_ADD | IN_ONESHOT));
  truncate("a", 6);
  show_notes(fd);
  chmod("a", 0601);
  show_notes(fd);
  SHOW(inotify_add_watch(fd, "a", IN_ATTRIB | IN_DELETE_SELF));
  SHOW(inotify_rm_watch(fd, 2));
  show_notes(fd);
  SHOW(inotify_rm_watch(fd, 2));
  SHOW(inotify_add_watch(fd, "missing", IN_MODIFY));
  SHOW(inotify_add_watch(fd, "a", 0));
  SHOW(inotify_add_watch(fd, "a", IN_MODIFY | IN_ONLYDIR));
  SHOW(inotify_add_watch(0, "a", IN_MODIFY));
  SHOW(inotify_init1(1));
  inotify_add_watch(fd, "a", IN_MODIFY);
  truncate("a", 1), truncate("a", 2), truncate("a", 3);
  show_notes(fd);
  char small[8];
  truncate("a", 1);
  SHOW(read(fd, small, sizeof small));
  unlink("a");
  show_notes(fd);
}

CASE(memory_file) {
  int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  char path[64], target[64] = "";
  SHOW(write(fd, "hello", 5));
  SHOW(ftruncate(fd, 8192));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  readlink(path, target, sizeof target - 1);
  TEXT(target);
  SHOW(fcntl(fd, F_GET_SEALS));
  SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
  SHOW(ftruncate(fd, 4096));
  SHOW(ftruncate(fd, 10000));
  SHOW(pwrite(fd, "x", 1, 8192));
  char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  YES(memcmp(map, "hello", 5) == 0);
  SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  munmap(map, 8192);
  SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
  SHOW(write(fd, "x", 1));
  map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  show_result("mmap", (long)map, true);
  SHOW(fcntl(fd, F_ADD_SEALS, 0));
  SHOW(fcntl(memfd_create("x", 0), F_GET_SEALS));
  SHOW(memfd_create("x", 0x8000));
  SHOW(memfd_create((char *)8, 0));
  char name[300];
  memset(name, 'a', sizeof name), name[250] = 0;
  SHOW(memfd_create(name, 0));
  SHOW(fcntl(open("/dev/null", O_RDWR), F_GET_SEALS));
}
