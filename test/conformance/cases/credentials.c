/* Who a process is, and what that lets it do: user and group ids, capabilities, other processes. */
#include "case.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/inotify.h>
#include <sys/un.h>
#include <sys/auxv.h>

static void users(const char *what) {
  uid_t real, effective, saved;
  getresuid(&real, &effective, &saved);
  say("%s: %d %d %d, files %d\n", what, real, effective, saved, setfsuid(-1));
}
static void groups(const char *what) {
  gid_t real, effective, saved;
  getresgid(&real, &effective, &saved);
  say("%s: %d %d %d, files %d\n", what, real, effective, saved, setfsgid(-1));
}
static void capabilities(const char *what) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {0};
  syscall(SYS_capget, &header, data);
  say("%s: effective %#x %#x permitted %#x %#x inheritable %#x %#x\n", what, data[0].effective, data[1].effective,
      data[0].permitted, data[1].permitted, data[0].inheritable, data[1].inheritable);
}
static long set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable},
                                           {effective >> 32, permitted >> 32, inheritable >> 32}};
  return syscall(SYS_capset, &header, data);
}
static void become(uid_t uid) {
  if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
    say("become: %s\n", error_name(errno));
}
static void copy_program(const char *path, mode_t mode) {
  int in = open("/proc/self/exe", O_RDONLY), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  static char block[1 << 16];
  for (ssize_t n; (n = read(in, block, sizeof block)) > 0;) write(out, block, n);
  fchmod(out, mode);
  close(in), close(out);
}
#define LIST(...) ((char *[]){__VA_ARGS__, NULL})
#define BIT(capability) (1ULL << (capability))

CASE(user_ids) {
  pid_t child;
  IN_CHILD(child) {
    SHOW(setresuid(1, 2, 3));
    users("after setresuid");
    SHOW(setreuid(2, 1));
    users("after setreuid");
    SHOW(setreuid(-1, 2));
    users("effective alone");
    SHOW(setuid(1));
    users("after setuid");
    SHOW(setuid(0));
    SHOW(setresuid(-1, -1, 0));
    SHOW(setresuid(3, 3, 3));
    SHOW(setuid(-1));
    SHOW(seteuid(2));
    users("at last");
  }
  ENDED(child);
  IN_CHILD(child) {
    SHOW(setreuid(-1, 5));
    users("root with another effective id");
    SHOW(setreuid(0, -1));
    users("real as it was");
    SHOW(setuid(0));
    users("back");
    SHOW(setuid(7));
    users("gone");
  }
  ENDED(child);
}

CASE(group_ids) {
  gid_t list[8], given[] = {30, 10, 20};
  pid_t child;
  IN_CHILD(child) {
    SHOW(setgroups(3, given));
    SHOW(getgroups(8, list));
    say("%d %d %d\n", list[0], list[1], list[2]);
    SHOW(getgroups(2, list));
    SHOW(getgroups(0, NULL));
    SHOW(setgroups(70000, given));
    SHOW(setresgid(1, 2, 3));
    groups("after setresgid");
    SHOW(setregid(2, 3));
    groups("after setregid");
    setresuid(9, 9, 9);
    SHOW(setgid(3));
    groups("after setgid");
    SHOW(setgid(1));
    SHOW(setgroups(0, NULL));
    SHOW(setregid(3, 2));
    SHOW(setresgid(3, 3, 3));
    groups("at last");
  }
  ENDED(child);
}

CASE(file_system_ids) {
  pid_t child;
  make_file("secret", "x");
  chmod("secret", 0600);
  IN_CHILD(child) {
    SHOW(setfsuid(1000));
    SHOW(setfsuid(-1));
    OK(open("secret", O_RDONLY));
    capabilities("as another for files");
    SHOW(setfsuid(0));
    OK(open("secret", O_RDONLY));
    capabilities("as root");
    SHOW(setfsgid(77));
    chmod(".", 0777);
    setfsuid(1000);
    close(open("made", O_CREAT | O_WRONLY, 0644));
    struct stat status;
    stat("made", &status);
    say("%d %d\n", status.st_uid, status.st_gid);
    become(0), setresuid(1000, 1000, 1000);
    SHOW(setfsuid(5));
    SHOW(setfsuid(-1));
  }
  ENDED(child);
}

CASE(capabilities_and_users) {
  pid_t child;
  IN_CHILD(child) {
    capabilities("root");
    seteuid(1000);
    capabilities("another effective id");
    seteuid(0);
    capabilities("root again");
    setresuid(1000, 1000, 1000);
    capabilities("a user");
  }
  ENDED(child);
  IN_CHILD(child) {
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    setresuid(1000, 1000, 1000);
    capabilities("kept");
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(set_capabilities(BIT(CAP_KILL), BIT(CAP_KILL) | BIT(CAP_CHOWN), 0));
    SHOW(kill(1, 0));
    SHOW(set_capabilities(0, BIT(CAP_SETUID), 0));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
  }
  ENDED(child);
  IN_CHILD(child) {
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED));
    HEX(prctl(PR_GET_SECUREBITS));
    setresuid(1000, 1000, 1000);
    capabilities("without the change");
    SHOW(prctl(PR_SET_SECUREBITS, 0));
    SHOW(prctl(PR_SET_SECUREBITS, 1 << 20));
  }
  ENDED(child);
}

CASE(capability_calls) {
  struct __user_cap_header_struct header = {0x12345678, 0};
  struct __user_cap_data_struct data[2];
  SHOW(syscall(SYS_capget, &header, data));
  HEX(header.version);
  header.version = 1;
  SHOW(syscall(SYS_capget, &header, NULL));
  header.version = _LINUX_CAPABILITY_VERSION_1;
  SHOW(syscall(SYS_capget, &header, data));
  HEX(data[0].permitted);
  header = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, -1};
  SHOW(syscall(SYS_capget, &header, data));
  header.pid = 999999;
  SHOW(syscall(SYS_capget, &header, data));
  header.pid = getppid();
  SHOW(syscall(SYS_capset, &header, data));
  SHOW(syscall(SYS_capget, (void *)8, data));
  pid_t child;
  IN_CHILD(child) {
    SHOW(set_capabilities(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_FOWNER), BIT(CAP_FOWNER)));
    capabilities("less");
    SHOW(set_capabilities(BIT(CAP_KILL), BIT(CAP_CHOWN), 0));
    SHOW(set_capabilities(BIT(CAP_KILL), BIT(CAP_KILL), 0));
    SHOW(set_capabilities(0, 0, BIT(CAP_KILL)));
    make_file("a", "");
    SHOW(chown("a", 5, 5));
    SHOW(chmod("a", 0600));
    SHOW(setuid(5));
    SHOW(sethostname("x", 1));
    SHOW(mount("none", "/mnt", "tmpfs", 0, NULL));
    SHOW(chroot("/"));
    SHOW(mknod("null", S_IFCHR | 0600, 0x103));
  }
  ENDED(child);
}

CASE(bounding_and_ambient) {
  pid_t child;
  SHOW(prctl(PR_CAPBSET_READ, CAP_KILL));
  SHOW(prctl(PR_CAPBSET_READ, 63));
  IN_CHILD(child) {
    SHOW(prctl(PR_CAPBSET_DROP, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_READ, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_DROP, 99));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    set_capabilities(~0, ~0ULL, BIT(CAP_CHOWN) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP));
    capabilities("inheritable");
    set_capabilities(0x1ffffffffff, 0x1ffffffffff, BIT(CAP_CHOWN) | BIT(CAP_FOWNER));
    capabilities("inheritable");
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, 9, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 99, 0, 0));
    become(1000);
    SHOW(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
  }
  ENDED(child);
}

HELPER(who) {
  users("users"), groups("groups"), capabilities("capabilities");
  SHOW(getauxval(AT_SECURE));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
}

CASE(programs_and_capabilities) {
  pid_t child;
  chmod(".", 0755);
  copy_program("p", 0755), copy_program("root", 04755), copy_program("hidden", 0711);
  IN_CHILD(child) {
    become(1000);
    execve("./p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    become(1000);
    execve("./root", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    become(1000);
    execve("./hidden", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    prctl(PR_SET_KEEPCAPS, 1);
    setresuid(1000, 1000, 1000);
    set_capabilities(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), BIT(CAP_CHOWN));
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
    execve("./p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    set_capabilities(BIT(CAP_CHOWN), BIT(CAP_CHOWN), 0);
    execve("./p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    prctl(PR_CAPBSET_DROP, CAP_CHOWN);
    seteuid(1000);
    execve("./p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT);
    execve("./p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
}

CASE(programs_on_mounts) {
  pid_t child;
  mkdir("m", 0755);
  SHOW(mount("none", "m", "tmpfs", MS_NOSUID | MS_NODEV, NULL));
  copy_program("m/p", 06755), chown("m/p", 5, 6), chmod("m/p", 06755);
  mknod("m/null", S_IFCHR | 0666, 0x103);
  OK(open("m/null", O_RDONLY));
  chmod(".", 0755);
  IN_CHILD(child) {
    become(1000);
    execve("m/p", LIST("p", "+who"), NULL);
  }
  ENDED(child);
  SHOW(mount("none", "m", NULL, MS_REMOUNT | MS_NOEXEC, NULL));
  OK(open("m/null", O_RDONLY));
  SHOW(access("m/p", X_OK));
  SHOW(access("m/p", R_OK));
  SHOW(execve("m/p", LIST("p", "+who"), NULL));
  int fd = open("m/p", O_RDONLY);
  SHOW(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
  SHOW(umount("m"));
}

CASE(other_processes) {
  pid_t child, victim = fork();
  char path[64];
  if (victim == 0) for (;;) pause();
  nap(50);
  IN_CHILD(child) {
    become(1000);
    SHOW(kill(victim, 0));
    SHOW(kill(victim, SIGKILL));
    SHOW(kill(victim, SIGCONT));
    SHOW(syscall(SYS_tgkill, victim, victim, SIGTERM));
    SHOW(setpriority(PRIO_PROCESS, victim, 5));
    SHOW(sched_setscheduler(victim, SCHED_BATCH, &(struct sched_param){0}));
    struct rlimit limit = {1, 1};
    SHOW(prlimit(victim, RLIMIT_CORE, (void *)&limit, NULL));
    for (const char **name = (const char *[]){"environ", "maps", "mem", "io", "status", "stat", "cmdline", "limits", NULL}; *name; name++) {
      snprintf(path, sizeof path, "/proc/%d/%s", victim, *name);
      TELL(*name, open(path, O_RDONLY) < 0 ? -1 : 0);
    }
    for (const char **name = (const char *[]){"exe", "cwd", "root", "fd/0", NULL}; *name; name++) {
      char target[PATH_MAX];
      snprintf(path, sizeof path, "/proc/%d/%s", victim, *name);
      TELL(*name, readlink(path, target, sizeof target) < 0 ? -1 : 0);
    }
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", victim);
    TELL("oom_score_adj", open(path, O_WRONLY) < 0 ? -1 : 0);
  }
  ENDED(child);
  kill(victim, SIGKILL);
  ENDED(victim);
}

CASE(own_process_after_a_change) {
  pid_t child;
  struct stat status;
  IN_CHILD(child) {
    stat("/proc/self/environ", &status);
    say("%o %d\n", status.st_mode, status.st_uid);
    SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    become(1000);
    int number = 0;
    prctl(PR_GET_PDEATHSIG, &number);
    SHOW(number);
    SHOW(prctl(PR_GET_DUMPABLE));
    stat("/proc/self", &status);
    say("%o %d\n", status.st_mode, status.st_uid);
    stat("/proc/self/environ", &status);
    say("%o %d\n", status.st_mode, status.st_uid);
    OK(open("/proc/self/environ", O_RDONLY));
    OK(open("/proc/self/maps", O_RDONLY));
    OK(open("/proc/self/fd", O_RDONLY));
    OK(open("/proc/self/exe", O_RDONLY));
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    stat("/proc/self/environ", &status);
    say("%o %d\n", status.st_mode, status.st_uid);
    OK(open("/proc/self/environ", O_RDONLY));
    OK(open("/proc/self/comm", O_WRONLY));
    OK(open("/proc/sys/kernel/hostname", O_WRONLY));
  }
  ENDED(child);
}

CASE(names_of_others) {
  pid_t child;
  mkdir("tmp", 0755), chmod("tmp", 01777), chmod(".", 0755);
  make_file("file", "abc"), make_file("tmp/open", ""), make_file("tmp/program", "");
  chmod("tmp/open", 0666), chmod("tmp/program", 04777);
  symlink("../file", "tmp/root-link"), symlink("../file", "tmp/user-link");
  lchown("tmp/user-link", 1000, 1000);
  IN_CHILD(child) {
    become(1001);
    OK(open("tmp/root-link", O_RDONLY));
    OK(open("tmp/user-link", O_RDONLY));
    SHOW(access("tmp/user-link", R_OK));
    char text[16];
    SHOW(readlink("tmp/user-link", text, sizeof text));
    SHOW(link("tmp/open", "tmp/a"));
    SHOW(link("tmp/program", "tmp/b"));
    SHOW(link("file", "tmp/c"));
    SHOW(symlink("/", "tmp/d"));
    SHOW(lchown("tmp/d", 1001, 1001));
    SHOW(lchown("tmp/root-link", 1001, 1001));
    SHOW(mkfifo("tmp/fifo", 0600));
    SHOW(mknod("tmp/block", S_IFBLK | 0600, 0));
    SHOW(rename("tmp/d", "tmp/open"));
    SHOW(renameat2(AT_FDCWD, "tmp/d", AT_FDCWD, "tmp/fifo", RENAME_EXCHANGE));
    SHOW(open("file", O_RDONLY | O_NOATIME));
    SHOW(fcntl(open("file", O_RDONLY), F_SETFL, O_NOATIME));
  }
  ENDED(child);
}

CASE(sockets_and_watches) {
  pid_t child;
  chmod(".", 0755);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"}, other = {.sun_family = AF_UNIX, .sun_path = "mine"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0), watch = inotify_init1(0);
  SHOW(bind(server, (void *)&name, sizeof name));
  SHOW(listen(server, 5));
  struct stat status;
  stat("socket", &status);
  say("%o\n", status.st_mode);
  make_file("private", "");
  chmod("private", 0600);
  IN_CHILD(child) {
    become(1000);
    SHOW(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&name, sizeof name));
    SHOW(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&other, sizeof other));
    SHOW(inotify_add_watch(watch, "private", IN_MODIFY));
    SHOW(inotify_add_watch(watch, ".", IN_MODIFY) > 0);
  }
  ENDED(child);
  chmod("socket", 0777), chmod(".", 0777);
  IN_CHILD(child) {
    become(1000);
    SHOW(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&name, sizeof name));
    SHOW(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&other, sizeof other));
    stat("mine", &status);
    say("%d\n", status.st_uid);
  }
  ENDED(child);
}

CASE(pipes_of_users) {
  pid_t child;
  int before[2], ends[2];
  char path[64];
  struct stat status;
  pipe(before);
  IN_CHILD(child) {
    become(1000);
    prctl(PR_SET_DUMPABLE, 1);
    pipe(ends);
    fstat(ends[0], &status);
    say("%o %d\n", status.st_mode, status.st_uid);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    OK(open(path, O_RDONLY | O_NONBLOCK));
    snprintf(path, sizeof path, "/proc/self/fd/%d", before[0]);
    OK(open(path, O_RDONLY | O_NONBLOCK));
  }
  ENDED(child);
}
