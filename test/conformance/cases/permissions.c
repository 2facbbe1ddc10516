/* The finer points of permissions: which error comes first, who may change what, and mounts that refuse. */
#include "case.h"
#include <grp.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static void become(uid_t uid, int group) {
  gid_t more = group;
  if (setgroups(group ? 1 : 0, &more) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
    say("become: %s\n", error_name(errno));
}
static unsigned mode_of(const char *path) {
  struct stat status;
  return lstat(path, &status) < 0 ? 0 : status.st_mode;
}
static void file(const char *path, mode_t mode, uid_t uid, gid_t gid) {
  make_file(path, "text"), chown(path, uid, gid), chmod(path, mode);
}
static void directory(const char *path, mode_t mode, uid_t uid, gid_t gid) {
  mkdir(path, 0700), chown(path, uid, gid), chmod(path, mode);
}
#define LIST(...) ((char *[]){__VA_ARGS__, NULL})

CASE(owner_changes) {
  pid_t child;
  file("a", 06755, 1000, 1000), file("b", 06755, 1000, 50), file("c", 0644, 0, 0), file("d", 02644, 1000, 60);
  IN_CHILD(child) {
    become(1000, 50);
    SHOW(chown("a", -1, -1));
    HEX(mode_of("a"));
    chmod("a", 06755);
    SHOW(chown("a", -1, 50));
    HEX(mode_of("a"));
    SHOW(chown("a", -1, 60));
    SHOW(chown("a", 1000, 60));
    SHOW(chown("a", 1001, 50));
    SHOW(chown("c", -1, -1));
    SHOW(chown("c", 0, -1));
    SHOW(chown("d", -1, -1));
    HEX(mode_of("d"));
    SHOW(chmod("b", 06755));
    HEX(mode_of("b"));
    SHOW(chmod("d", 02755));
    HEX(mode_of("d"));
  }
  ENDED(child);
}

CASE(time_changes) {
  pid_t child;
  file("writable", 0666, 0, 0), file("mine", 0444, 1000, 0), file("other", 0644, 0, 0);
  IN_CHILD(child) {
    become(1000, 0);
    struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}}, half[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    struct timespec none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, given[2] = {{1, 0}, {2, 0}};
    for (const char **name = LIST("writable", "mine", "other"); *name; name++) {
      say("%s\n", *name);
      SHOW(utimensat(AT_FDCWD, *name, NULL, 0));
      SHOW(utimensat(AT_FDCWD, *name, now, 0));
      SHOW(utimensat(AT_FDCWD, *name, half, 0));
      SHOW(utimensat(AT_FDCWD, *name, none, 0));
      SHOW(utimensat(AT_FDCWD, *name, given, 0));
    }
  }
  ENDED(child);
}

CASE(which_error_first) {
  pid_t child;
  directory("closed", 0755, 0, 0), directory("closed/sub", 0755, 0, 0), file("closed/f", 0644, 0, 0);
  directory("open", 0777, 0, 0), file("open/f", 0666, 0, 0), file("open/mine", 0600, 1000, 0);
  symlink("missing", "open/dangling");
  IN_CHILD(child) {
    become(1000, 0);
    OK(open("closed/f", O_CREAT | O_EXCL | O_RDWR, 0600));
    OK(open("closed/f", O_RDWR | O_DIRECTORY));
    OK(open("closed/sub", O_RDWR));
    OK(open("closed/sub", O_CREAT | O_RDONLY, 0600));
    OK(open("closed/f/", O_RDWR));
    SHOW(unlink("closed/sub"));
    SHOW(rmdir("closed/f"));
    SHOW(rmdir("closed/missing"));
    SHOW(mkdir("closed/f", 0700));
    SHOW(symlink("x", "closed/f"));
    SHOW(link("open/f", "closed/f"));
    SHOW(link("open/f", "closed/new"));
    SHOW(link("open", "open/new"));
    SHOW(rename("closed/f", "open/new"));
    SHOW(rename("open/mine", "closed/new"));
    SHOW(rename("open/mine", "closed/sub"));
    SHOW(rename("closed/missing", "open/new"));
    SHOW(rename("closed/sub", "closed/sub/x"));
    SHOW(truncate("closed/f", -1));
    SHOW(truncate("closed", 0));
    SHOW(chdir("closed/f"));
    SHOW(access("closed/missing", W_OK));
    SHOW(access("open/dangling", W_OK));
    OK(open("open/dangling", O_CREAT | O_RDWR, 0600));
    SHOW(mknod("closed/n", S_IFCHR | 0600, 0x103));
    SHOW(mknod("open/n", S_IFCHR | 0600, 0x103));
    SHOW(chroot("open"));
    SHOW(chroot("closed/f"));
  }
  ENDED(child);
}

CASE(moving_directories) {
  pid_t child;
  directory("from", 0777, 0, 0), directory("to", 0777, 0, 0), directory("from/mine", 0755, 1000, 0);
  directory("from/other", 0755, 0, 0), directory("from/locked", 0555, 1000, 0), directory("to/sticky", 01777, 0, 0);
  file("to/sticky/root", 0666, 0, 0);
  IN_CHILD(child) {
    become(1000, 0);
    SHOW(rename("from/other", "from/renamed"));
    SHOW(rename("from/renamed", "to/other"));
    SHOW(rename("from/locked", "from/still"));
    SHOW(rename("from/still", "to/still"));
    SHOW(rename("from/mine", "to/mine"));
    make_file("to/sticky/mine", "");
    SHOW(renameat2(AT_FDCWD, "to/sticky/mine", AT_FDCWD, "to/sticky/root", RENAME_EXCHANGE));
    SHOW(rename("to/sticky/mine", "to/out"));
    SHOW(rename("to/sticky/root", "to/out"));
    SHOW(rename("to/out", "to/sticky/root"));
    SHOW(rmdir("to/sticky"));
  }
  ENDED(child);
}

CASE(read_only_mounts) {
  pid_t child;
  mkdir("m", 0755);
  SHOW(mount("none", "m", "tmpfs", 0, NULL));
  file("m/f", 0666, 0, 0), directory("m/d", 0777, 0, 0), mkfifo("m/fifo", 0666), chmod("m/fifo", 0666);
  file("m/private", 0600, 0, 0);
  SHOW(mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOATIME, NULL));
  chmod(".", 0755);
  struct statfs status;
  statfs("m", &status);
  HEX(status.f_flags & 0xfff);
  for (int uid = 0; uid <= 1000; uid += 1000) {
    IN_CHILD(child) {
      if (uid) become(uid, 0);
      OK(open("m/f", O_RDWR));
      OK(open("m/f", O_RDONLY));
      OK(open("m/f", O_RDONLY | O_CREAT, 0600));
      OK(open("m/f", O_RDONLY | O_TRUNC));
      OK(open("m/private", O_RDWR));
      OK(open("m/new", O_CREAT | O_RDWR, 0600));
      OK(open("m/fifo", O_RDWR));
      SHOW(access("m/f", W_OK));
      SHOW(access("m/private", W_OK));
      SHOW(access("m/fifo", W_OK));
      SHOW(access("m/d", W_OK));
      SHOW(unlink("m/f"));
      SHOW(unlink("m/missing"));
      SHOW(rmdir("m/missing"));
      SHOW(mkdir("m/d", 0700));
      SHOW(mkdir("m/e", 0700));
      SHOW(rename("m/missing", "m/x"));
      SHOW(rename("m/f", "m/x"));
      SHOW(link("m/f", "m/x"));
      SHOW(chmod("m/f", 0600));
      SHOW(chown("m/f", 0, 0));
      SHOW(utimensat(AT_FDCWD, "m/f", NULL, 0));
      SHOW(truncate("m/f", 0));
      SHOW(setxattr("m/f", "user.a", "", 0, 0));
      SHOW(removexattr("m/f", "user.a"));
    }
    ENDED(child);
  }
  SHOW(umount("m"));
}

CASE(scripts_and_users) {
  pid_t child;
  chmod(".", 0755);
  int in = open("/proc/self/exe", O_RDONLY), out = open("p", O_WRONLY | O_CREAT, 0755);
  static char block[1 << 16];
  for (ssize_t n; (n = read(in, block, sizeof block)) > 0;) write(out, block, n);
  close(in), close(out);
  const char *text = "#!./p +ids\n";
  for (const char **name = LIST("set-id", "unreadable", "private", "plain"); *name; name++) make_file(*name, text);
  chown("set-id", 5, 6), chmod("set-id", 06755), chmod("unreadable", 0711), chmod("private", 0700), chmod("plain", 0644);
  make_file("through", "#!./plain\n"), chmod("through", 0755);
  make_file("into-directory", "#!.\n"), chmod("into-directory", 0755);
  int writing = open("set-id", O_WRONLY);
  SHOW(execv("./set-id", LIST("x")));
  close(writing);
  IN_CHILD(child) {
    become(1000, 0);
    execv("./set-id", LIST("x"));
  }
  ENDED(child);
  for (const char **name = LIST("private", "plain", "through", "into-directory", "."); *name; name++) {
    IN_CHILD(child) {
      become(1000, 0);
      TELL(*name, execv(*name, LIST("x")));
    }
    ENDED(child);
  }
  IN_CHILD(child) {
    become(1000, 0);
    execv("./unreadable", LIST("x"));
  }
  ENDED(child);
  chmod("p", 06711), chown("p", 7, 8), chmod("p", 06711);
  IN_CHILD(child) {
    become(1000, 0);
    execv("./unreadable", LIST("x"));
  }
  ENDED(child);
}
HELPER(ids) {
  uid_t real, effective, saved;
  getresuid(&real, &effective, &saved);
  say("uids %d %d %d\n", real, effective, saved);
  getresgid(&real, &effective, &saved);
  say("gids %d %d %d\n", real, effective, saved);
}

static long open_how(int dir, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = flags & O_CREAT ? 0600 : 0, .resolve = resolve};
  return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

CASE(resolving) {
  directory("d", 0755, 0, 0), directory("d/e", 0755, 0, 0), file("d/e/f", 0644, 0, 0), file("out", 0644, 0, 0);
  symlink("/e/f", "d/absolute"), symlink("e", "d/link"), symlink("../../out", "d/up"), symlink("e/f", "d/to-f");
  mkdir("d/m", 0755), mount("none", "d/m", "tmpfs", 0, NULL), mkdir("d/m/x", 0755);
  int d = open("d", O_RDONLY | O_DIRECTORY), m = open("d/m", O_RDONLY | O_DIRECTORY);
  OK(open_how(d, "link/f", O_RDONLY, RESOLVE_NO_SYMLINKS));
  OK(open_how(d, "to-f", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
  OK(open_how(d, "link/f", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "e/../e/f", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "up", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "..", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, ".", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "absolute", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(d, "/", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(d, "up", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(d, "/../new", O_CREAT | O_RDWR, RESOLVE_IN_ROOT));
  SHOW(access("d/new", F_OK));
  OK(open_how(99, "/e", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(99, "/", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(d, "m/x", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(d, "m", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(m, "..", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(m, "x/..", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(m, "/proc", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(d, "m/x", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(AT_FDCWD, "/proc/self/exe", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(AT_FDCWD, "/proc/self/exe", O_RDONLY, RESOLVE_NO_MAGICLINKS));
  OK(open_how(AT_FDCWD, "/proc/self/exe", O_PATH | O_NOFOLLOW, RESOLVE_NO_MAGICLINKS));
  OK(open_how(AT_FDCWD, "/proc/self", O_RDONLY, RESOLVE_NO_MAGICLINKS));
  OK(open_how(d, "e/new", O_CREAT | O_RDWR, RESOLVE_CACHED));
  OK(open_how(d, "e/f", O_RDWR | O_TRUNC, RESOLVE_CACHED));
  OK(open_how(d, "e/f", O_RDONLY, RESOLVE_CACHED));
  umount2("d/m", MNT_DETACH);
}

CASE(nameless_and_magic) {
  pid_t child;
  chmod(".", 0755), directory("open", 0777, 0, 0), file("secret", 0600, 0, 0);
  int secret = open("secret", O_RDONLY);
  char path[64];
  IN_CHILD(child) {
    become(1000, 0);
    OK(open(".", O_TMPFILE | O_RDWR, 0600));
    int fd = open("open", O_TMPFILE | O_RDWR, 0000);
    SHOW(write(fd, "x", 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    prctl(PR_SET_DUMPABLE, 1);
    OK(open(path, O_RDONLY));
    SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "open/named", AT_SYMLINK_FOLLOW));
    HEX(mode_of("open/named"));
    snprintf(path, sizeof path, "/proc/self/fd/%d", secret);
    OK(open(path, O_RDONLY));
    SHOW(access(path, F_OK));
    SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "open/secret", AT_SYMLINK_FOLLOW));
    SHOW(fchmod(secret, 0644));
    SHOW(fchown(secret, 1000, 1000));
    char text[8];
    SHOW(read(secret, text, 8));
    int mem = memfd_create("m", 0);
    SHOW(fchmod(mem, 0400));
    snprintf(path, sizeof path, "/proc/self/fd/%d", mem);
    OK(open(path, O_RDWR));
    OK(open(path, O_RDONLY));
  }
  ENDED(child);
}
