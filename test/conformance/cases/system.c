/* Identities, the system, /proc, terminals. */
#include "case.h"
#include <sys/auxv.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/random.h>
#include <termios.h>

static void show_ids(void) {
  uid_t r, e, s;
  getresuid(&r, &e, &s);
  say("uids %d %d %d", r, e, s);
  getresgid(&r, &e, &s);
  say(" gids %d %d %d\n", r, e, s);
}

CASE(changing_ids) {
  pid_t child;
  IN_CHILD(child) {
    SHOW(syscall(SYS_setresuid, 1, 2, 3));
    show_ids();
    SHOW(syscall(SYS_setresuid, 3, 1, -1));
    show_ids();
    SHOW(syscall(SYS_setresuid, 9, -1, -1));
    SHOW(syscall(SYS_setuid, 3));
    SHOW(syscall(SYS_setuid, 77));
    show_ids();
    SHOW(syscall(SYS_setreuid, -1, 1));
    SHOW(syscall(SYS_setgid, 5));
    SHOW(setgroups(0, NULL));
  }
  ENDED(child);
  IN_CHILD(child) {
    SHOW(syscall(SYS_setregid, 4, 5));
    show_ids();
    SHOW(syscall(SYS_setuid, 6));
    show_ids();
    SHOW(syscall(SYS_setfsuid, -1));
    SHOW(syscall(SYS_setfsgid, -1));
  }
  ENDED(child);
}

CASE(group_lists) {
  gid_t groups[4] = {10, 20, 30, 0};
  SHOW(setgroups(3, groups));
  SHOW(getgroups(0, NULL));
  SHOW(getgroups(2, groups));
  SHOW(getgroups(4, groups));
  SHOW(groups[2]);
  SHOW(getgroups(-1, groups));
  SHOW(setgroups(1 << 20, groups));
  SHOW(setgroups(1, (void *)8));
}

CASE(capabilities) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  pid_t child;
  SHOW(syscall(SYS_capget, &header, data));
  HEX(data[0].effective);
  IN_CHILD(child) {
    setresuid(1000, 1000, 1000);
    SHOW(syscall(SYS_capget, &header, data));
    HEX(data[0].effective);
    HEX(data[0].permitted);
  }
  ENDED(child);
  header.version = 5;
  SHOW(syscall(SYS_capget, &header, data));
  HEX(header.version);
  SHOW(prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0));
  SHOW(prctl(PR_CAPBSET_READ, 99, 0, 0, 0));
}

CASE(system_names) {
  struct utsname name;
  SHOW(uname(&name));
  TEXT(name.sysname);
  TEXT(name.machine);
  SHOW(uname((void *)8));
  struct sysinfo info;
  SHOW(sysinfo(&info));
  YES(info.totalram > 0 && info.freeram <= info.totalram);
  YES(info.procs > 0);
  SHOW(info.mem_unit);
  SHOW(sysinfo((void *)8));
  SHOW(sethostname("conformance", 11));
  uname(&name);
  TEXT(name.nodename);
  char host[65] = "";
  memset(host, 'a', 65);
  SHOW(sethostname(host, 65));
}

CASE(processor) {
  unsigned cpu = 9, node = 9;
  SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
  SHOW(cpu + node);
  cpu_set_t set;
  SHOW(sched_getaffinity(0, sizeof set, &set));
  SHOW(CPU_COUNT(&set));
  SHOW(sched_setaffinity(0, sizeof set, &set));
  CPU_ZERO(&set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  SHOW(sched_getaffinity(999999, sizeof set, &set));
  SHOW(syscall(SYS_sched_getaffinity, 0, 3, &set));
  struct {
    int64_t key;
    uint64_t value;
  } pairs[3] = {{3, 0}, {4, 0}, {999, 5}};
  SHOW(syscall(258, pairs, 3, 0, NULL, 0));
  HEX(pairs[0].value);
  HEX(pairs[1].value & 3);
  SHOW(pairs[2].key);
  SHOW(syscall(258, pairs, 3, 0, NULL, 1));
  SHOW(syscall(259, 0, 0, 0));
  SHOW(syscall(259, 0, 0, 2));
}

CASE(scheduling) {
  struct sched_param param = {.sched_priority = 5};
  struct timespec interval;
  SHOW(sched_getscheduler(0));
  SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
  SHOW(sched_setscheduler(0, 99, &param));
  SHOW(sched_setscheduler(999999, SCHED_FIFO, &param));
  SHOW(sched_get_priority_max(SCHED_FIFO));
  SHOW(sched_get_priority_min(SCHED_RR));
  SHOW(sched_get_priority_max(SCHED_OTHER));
  SHOW(sched_get_priority_max(99));
  SHOW(sched_yield());
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, 0, 100));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(9, 0, 0));
  SHOW(getpriority(PRIO_PROCESS, 999999));
  pid_t child;
  IN_CHILD(child) {
    setresuid(1000, 1000, 1000);
    SHOW(setpriority(PRIO_PROCESS, 0, 5));
    SHOW(nice(-1));
  }
  ENDED(child);
}

CASE(process_controls) {
  char name[17] = "";
  SHOW(prctl(PR_SET_NAME, "hello"));
  SHOW(prctl(PR_GET_NAME, name));
  TEXT(name);
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 0));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 7));
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_GET_KEEPCAPS));
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(9999));
  SHOW(prctl(PR_SET_NAME, (char *)8));
  SHOW(syscall(SYS_personality, 0xffffffff));
}

CASE(random_numbers) {
  char one[16], two[16];
  SHOW(getrandom(one, 16, 0));
  SHOW(getrandom(two, 16, GRND_RANDOM | GRND_NONBLOCK));
  YES(memcmp(one, two, 16) != 0);
  SHOW(getrandom(one, 16, 0x100));
  SHOW(getrandom((void *)8, 16, 0));
  SHOW(getrandom(one, 0, 0));
  SHOW(getrandom(one, 16, GRND_INSECURE | GRND_RANDOM));
}

CASE(barriers_and_sequences) {
  YES(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) > 0);
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, 1 << 20, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 5, 0));
  static char area[32] __attribute__((aligned(32)));
  SHOW(syscall(SYS_rseq, area, 5, 0, 0x1234));
  SHOW(syscall(SYS_rseq, area, 32, 1, 0x1234));
}

CASE(proc_of_self) {
  char link[PATH_MAX] = "", here[PATH_MAX];
  getcwd(here, sizeof here);
  readlink("/proc/self/cwd", link, sizeof link - 1);
  YES(strcmp(link, here) == 0);
  memset(link, 0, sizeof link), readlink("/proc/self/root", link, sizeof link - 1);
  TEXT(link);
  memset(link, 0, sizeof link), readlink("/proc/self", link, sizeof link - 1);
  YES(atoi(link) == getpid());
  prctl(PR_SET_NAME, "my name");
  TEXT(file_content("/proc/self/comm"));
  YES(strstr(file_content("/proc/self/status"), "Name:\tmy name") != NULL);
  YES(strstr(file_content("/proc/self/status"), "Threads:\t1\n") != NULL);
  YES(strstr(file_content("/proc/self/maps"), "[stack]") != NULL);
  YES(strstr(file_content("/proc/self/stat"), "(my name) R") != NULL);
  YES(strstr(file_content("/proc/self/limits"), "Max open files") != NULL);
  YES(strlen(file_content("/proc/self/cmdline")) > 0);
  int fd = open("/proc/self/mem", O_RDONLY);
  char word[8] = "", source[8] = "in here";
  SHOW(pread(fd, word, 8, (off_t)(uintptr_t)source));
  TEXT(word);
  SHOW(pread(fd, word, 8, 8));
  OK(open("/proc/999999/stat", O_RDONLY));
  OK(open("/proc/self/comm", O_RDONLY | O_DIRECTORY));
  SHOW(mkdir("/proc/new", 0755));
  SHOW(unlink("/proc/self/maps"));
}

CASE(proc_of_system) {
  YES(strstr(file_content("/proc/meminfo"), "MemTotal:") != NULL);
  YES(strstr(file_content("/proc/cpuinfo"), "processor\t: 0") != NULL);
  YES(strncmp(file_content("/proc/stat"), "cpu  ", 5) == 0);
  YES(atof(file_content("/proc/uptime")) > 0);
  YES(strchr(file_content("/proc/loadavg"), '/') != NULL);
  YES(strncmp(file_content("/proc/version"), "Linux version ", 14) == 0);
  YES(strstr(file_content("/proc/filesystems"), "proc\n") != NULL);
  YES(strstr(file_content("/proc/mounts"), " /proc proc ") != NULL);
  YES(atoi(file_content("/proc/sys/kernel/pid_max")) > 1000);
  TEXT(file_content("/proc/sys/kernel/ostype"));
  YES(strlen(file_content("/proc/sys/kernel/random/boot_id")) == 37);
}

static int open_terminal(int *slave) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) say("openpt: %s\n", error_name(errno));
  *slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  return master;
}

CASE(terminal_lines) {
  int slave, master = open_terminal(&slave), left;
  char text[64];
  struct pollfd fd = {slave, POLLIN, 0};
  SHOW(isatty(slave));
  SHOW(isatty(master));
  write(master, "abc", 3);
  SHOW(poll(&fd, 1, 20));
  write(master, "d\177e\nnext\n", 9);
  SHOW(read(slave, text, sizeof text));
  SHOW(memcmp(text, "abce\n", 5));
  SHOW(read(slave, text, 2));
  SHOW(read(slave, text, sizeof text));
  write(master, "zero\025x\004\004", 8);
  SHOW(read(slave, text, sizeof text));
  SHOW(read(slave, text, sizeof text));
  memset(text, 0, sizeof text);
  read(master, text, sizeof text - 1);
  TEXT(text);
  write(slave, "a\nb\t", 4);
  memset(text, 0, sizeof text);
  SHOW(read(master, text, sizeof text));
  TEXT(text);
  SHOW(ioctl(slave, FIONREAD, &left));
}

CASE(terminal_raw) {
  int slave, master = open_terminal(&slave);
  char text[16] = "";
  struct termios settings;
  SHOW(tcgetattr(slave, &settings));
  HEX(settings.c_iflag);
  HEX(settings.c_oflag);
  HEX(settings.c_cflag);
  HEX(settings.c_lflag);
  SHOW(settings.c_cc[VINTR] * 1000 + settings.c_cc[VEOF]);
  cfmakeraw(&settings);
  SHOW(tcsetattr(slave, TCSANOW, &settings));
  write(master, "a\003\004", 3);
  SHOW(read(slave, text, sizeof text));
  settings.c_cc[VMIN] = 0, settings.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &settings);
  SHOW(read(slave, text, sizeof text));
  settings.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &settings);
  SHOW(read(slave, text, sizeof text));
  SHOW(tcsetattr(slave, 99, &settings));
  SHOW(tcgetattr(0, &settings) < 0);
  struct winsize size = {24, 80, 0, 0}, got;
  SHOW(ioctl(master, TIOCSWINSZ, &size));
  SHOW(ioctl(slave, TIOCGWINSZ, &got));
  SHOW(got.ws_row * 1000 + got.ws_col);
  close(slave);
  SHOW(read(master, text, sizeof text));
  struct pollfd fd = {master, POLLIN, 0};
  SHOW(poll(&fd, 1, 0));
  HEX(fd.revents);
}

CASE(terminal_signals) {
  int slave, master = open_terminal(&slave);
  pid_t child;
  struct gate gate = new_gate();
  const char keys[] = {3, 28, 26};
  SHOW(ioctl(slave, TIOCSCTTY, 0));
  for (int i = 0; i < 3; i++) {
    IN_CHILD(child) {
      setpgid(0, 0);
      signal(SIGTTOU, SIG_IGN);
      tcsetpgrp(slave, getpid());
      open_gate(gate);
      for (;;) pause();
    }
    wait_gate(gate);
    YES(tcgetpgrp(slave) == child);
    write(master, keys + i, 1);
    int status;
    waitpid(child, &status, WUNTRACED);
    say("key %d: ", keys[i]), show_status("child", status);
    kill(child, SIGKILL), waitpid(child, NULL, 0);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(slave, getpgrp());
  }
}

CASE(terminal_background) {
  int slave, master = open_terminal(&slave), status;
  pid_t child;
  char byte;
  ioctl(slave, TIOCSCTTY, 0);
  IN_CHILD(child) setpgid(0, 0), read(slave, &byte, 1);
  waitpid(child, &status, WUNTRACED);
  show_status("reading", status);
  kill(child, SIGKILL), waitpid(child, NULL, 0);
  IN_CHILD(child) setpgid(0, 0), SHOW(write(slave, "x", 1));
  ENDED(child);
  IN_CHILD(child) setpgid(0, 0), tcsetpgrp(slave, getpid());
  waitpid(child, &status, WUNTRACED);
  show_status("taking", status);
  kill(child, SIGKILL), waitpid(child, NULL, 0);
  SHOW(tcsetpgrp(slave, 999999));
  YES(tcgetsid(slave) == getpid());
  OK(open("/dev/tty", O_RDWR));
  IN_CHILD(child) {
    setsid();
    OK(open("/dev/tty", O_RDWR));
    SHOW(tcgetpgrp(slave));
    SHOW(ioctl(slave, TIOCSCTTY, 0));
  }
  ENDED(child);
  signal(SIGHUP, SIG_IGN);
  SHOW(ioctl(slave, TIOCNOTTY));
  OK(open("/dev/tty", O_RDWR));
}

CASE(proc_details) {
  unsigned long words[256];
  int fd = open("/proc/self/auxv", O_RDONLY);
  ssize_t length = read(fd, words, sizeof words);
  int wrong = 0;
  for (int i = 0; i < length / 8 - 2; i += 2) wrong += getauxval(words[i]) != words[i + 1];
  YES(length > 100 && length % 16 == 0);
  SHOW(wrong);
  SHOW(words[length / 8 - 2] | words[length / 8 - 1]);
  void *locked = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mlock(locked, 8192);
  YES(strstr(file_content("/proc/self/status"), "VmLck:\t       8 kB\n") != NULL);
  struct sched_param urgent = {7};
  SHOW(sched_setscheduler(0, SCHED_FIFO, &urgent));
  char *text = strrchr(file_content("/proc/self/stat"), ')'), *field = strtok(text, " ");
  for (int i = 2; field != NULL; i++, field = strtok(NULL, " "))
    if (i == 18 || i == 40 || i == 41) say("field %d: %s\n", i, field);
}

CASE(terminal_termio) {
  int slave;
  open_terminal(&slave);
  struct {
    unsigned short iflag, oflag, cflag, lflag;
    unsigned char line, cc[8];
  } old;
  struct termios settings;
  SHOW(ioctl(slave, 0x5405, &old));
  HEX(old.iflag);
  HEX(old.lflag);
  SHOW(old.cc[VINTR] * 1000 + old.cc[VEOF]);
  old.lflag &= ~ECHO, old.cc[VINTR] = 7;
  SHOW(ioctl(slave, 0x5406, &old));
  tcgetattr(slave, &settings);
  HEX(settings.c_lflag);
  SHOW(settings.c_cc[VINTR] * 1000 + settings.c_cc[VSUSP]);
}

CASE(huge_page_settings) {
  SHOW(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 1));
  SHOW(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
}
