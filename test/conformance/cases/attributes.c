/* What files have beside content: modes, owners, times, extended attributes, and what permissions they give. */
#include "case.h"
#include <sys/statvfs.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static unsigned mode_of(const char *path) {
  struct stat status;
  return lstat(path, &status) < 0 ? 0 : status.st_mode;
}

/* Becomes an ordinary user, with no group beside its own. */
static void become(uid_t uid) {
  if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
    say("become: %s\n", error_name(errno));
}
#include <grp.h>

CASE(stat_fields) {
  struct stat status;
  make_file("a", "hello");
  SHOW(stat("a", &status));
  HEX(status.st_mode);
  SHOW(status.st_size);
  SHOW(status.st_nlink);
  SHOW(status.st_uid + status.st_gid);
  SHOW(status.st_blksize);
  SHOW(status.st_blocks);
  stat("/dev/null", &status);
  HEX(status.st_mode & S_IFMT);
  HEX(status.st_rdev);
  int ends[2];
  pipe(ends);
  fstat(ends[0], &status);
  HEX(status.st_mode);
  SHOW(stat("missing", &status));
  SHOW(stat("a", (void *)8));
  SHOW(fstat(99, &status));
  YES(({ struct stat a, b; stat("/proc", &a); stat(".", &b); a.st_dev != b.st_dev; }));
}

CASE(statx_fields) {
  struct statx status;
  make_file("a", "hello");
  SHOW(statx(AT_FDCWD, "a", 0, STATX_BASIC_STATS | STATX_BTIME, &status));
  HEX(status.stx_mask & (STATX_BASIC_STATS | STATX_BTIME));
  HEX(status.stx_mode);
  SHOW(status.stx_size);
  YES(status.stx_btime.tv_sec > 0);
  SHOW(statx(AT_FDCWD, "a", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &status));
  SHOW(statx(AT_FDCWD, "a", 0, 0x80000000, &status));
  SHOW(statx(AT_FDCWD, "a", 0x2, STATX_SIZE, &status));
  SHOW(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_TYPE, &status));
  YES(S_ISDIR(status.stx_mode));
  SHOW(statx(AT_FDCWD, "", 0, STATX_TYPE, &status));
  SHOW(statx(99, "a", 0, STATX_TYPE, &status));
  SHOW(statx(AT_FDCWD, "a", 0, STATX_TYPE, (void *)8));
}

CASE(filesystem_numbers) {
  struct statfs status;
  SHOW(statfs(".", &status));
  SHOW(status.f_namelen);
  SHOW(status.f_bsize);
  HEX(status.f_type);
  SHOW(statfs("/proc", &status));
  HEX(status.f_type);
  SHOW(statfs("missing", &status));
  SHOW(fstatfs(99, &status));
  SHOW(statfs(".", (void *)8));
}

CASE(change_mode) {
  make_file("a", "");
  SHOW(chmod("a", 07777));
  HEX(mode_of("a"));
  SHOW(chmod("a", 0170000));
  HEX(mode_of("a"));
  SHOW(chmod("missing", 0600));
  symlink("a", "l");
  SHOW(fchmodat(AT_FDCWD, "l", 0604, 0));
  HEX(mode_of("a"));
  SHOW(fchmod(open("a", O_RDONLY), 0640));
  HEX(mode_of("a"));
  SHOW(fchmod(99, 0640));
  SHOW(syscall(452, AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
  SHOW(syscall(452, AT_FDCWD, "a", 0600, 0x1));
}

CASE(change_owner) {
  struct stat status;
  make_file("a", "");
  chmod("a", 06755);
  SHOW(chown("a", 100, -1));
  HEX(mode_of("a"));
  stat("a", &status);
  SHOW(status.st_uid);
  SHOW(status.st_gid);
  chmod("a", 02644);
  SHOW(chown("a", -1, 100));
  HEX(mode_of("a"));
  SHOW(chown("missing", 1, 1));
  mkdir("d", 06755);
  chmod("d", 06755);
  SHOW(chown("d", 1, 1));
  HEX(mode_of("d"));
}

CASE(set_id_lost_by_writing) {
  pid_t child;
  make_file("a", "abc");
  chown("a", 1000, 1000), chmod(".", 0777);
  chmod("a", 06777);
  IN_CHILD(child) {
    become(1000);
    int fd = open("a", O_RDWR);
    SHOW(write(fd, "x", 1));
    HEX(mode_of("a"));
    chmod("a", 06777);
    SHOW(ftruncate(fd, 0));
    HEX(mode_of("a"));
    chmod("a", 02767);
    write(fd, "x", 1);
    HEX(mode_of("a"));
  }
  ENDED(child);
}

CASE(inherited_group) {
  struct stat status;
  pid_t child;
  mkdir("d", 0755);
  chown("d", 0, 50), chmod("d", 02777);
  make_file("d/a", "");
  stat("d/a", &status);
  SHOW(status.st_gid);
  mkdir("d/e", 0755);
  stat("d/e", &status);
  SHOW(status.st_gid);
  HEX(status.st_mode);
  IN_CHILD(child) {
    become(1000);
    close(open("d/b", O_CREAT | O_WRONLY, 02775));
    HEX(mode_of("d/b"));
    SHOW(chmod("d/b", 02775));
    HEX(mode_of("d/b"));
  }
  ENDED(child);
}

CASE(permission_of_files) {
  pid_t child;
  make_file("none", "x"), make_file("group", "x"), make_file("other", "x"), make_file("mine", "x");
  chmod("none", 0), chmod("group", 0640), chmod("other", 0604), chmod("mine", 0077);
  chown("group", 0, 1000), chown("mine", 1000, 0);
  OK(open("none", O_RDWR));
  SHOW(access("none", X_OK));
  SHOW(access("none", R_OK | W_OK));
  IN_CHILD(child) {
    become(1000);
    OK(open("none", O_RDONLY));
    OK(open("group", O_RDONLY));
    OK(open("group", O_WRONLY));
    OK(open("other", O_RDONLY));
    OK(open("other", O_RDONLY | O_TRUNC));
    OK(open("mine", O_RDONLY));
    SHOW(chmod("mine", 0600));
    OK(open("mine", O_RDWR));
    SHOW(truncate("other", 0));
    SHOW(chmod("other", 0666));
    SHOW(chown("mine", 0, -1));
    SHOW(chown("mine", -1, 1000));
    SHOW(chown("mine", -1, 50));
    SHOW(chown("mine", 1000, -1));
    SHOW(access("other", R_OK));
    SHOW(access("other", W_OK));
    SHOW(access("other", 8));
  }
  ENDED(child);
}

CASE(permission_of_directories) {
  pid_t child;
  mkdir("noexec", 0755), mkdir("noread", 0755), mkdir("nowrite", 0755);
  make_file("noexec/a", ""), make_file("noread/a", ""), make_file("nowrite/a", "");
  chmod("noexec", 0766), chmod("noread", 0733), chmod("nowrite", 0755);
  IN_CHILD(child) {
    become(1000);
    struct stat status;
    SHOW(stat("noexec/a", &status));
    OK(open("noexec", O_RDONLY));
    SHOW(chdir("noexec"));
    OK(open("noread", O_RDONLY));
    SHOW(stat("noread/a", &status));
    SHOW(unlink("nowrite/a"));
    SHOW(rename("nowrite/a", "nowrite/b"));
    SHOW(link("noread/a", "noread/b"));
    SHOW(mkdir("nowrite/d", 0755));
    OK(open("nowrite/new", O_CREAT | O_RDWR, 0600));
    OK(open("nowrite/a", O_CREAT | O_RDONLY, 0600));
    SHOW(unlink("noread/a"));
    SHOW(rmdir("noread"));
    SHOW(symlink("x", "nowrite/s"));
    SHOW(mkdir("nowrite", 0755));
    SHOW(unlink("nowrite/missing"));
  }
  ENDED(child);
}

CASE(sticky_directory) {
  pid_t child;
  mkdir("tmp", 0755);
  chmod("tmp", 01777);
  make_file("tmp/root", ""), make_file("tmp/mine", "");
  chown("tmp/mine", 1000, 1000);
  IN_CHILD(child) {
    become(1000);
    SHOW(unlink("tmp/root"));
    SHOW(rename("tmp/root", "tmp/x"));
    SHOW(rename("tmp/mine", "tmp/root"));
    SHOW(rename("tmp/mine", "tmp/x"));
    SHOW(unlink("tmp/x"));
  }
  ENDED(child);
}

CASE(access_by_real_user) {
  pid_t child;
  make_file("a", "");
  chmod("a", 0600);
  IN_CHILD(child) {
    setresuid(1000, 0, 0);
    SHOW(access("a", R_OK));
    SHOW(faccessat(AT_FDCWD, "a", R_OK, AT_EACCESS));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "a", R_OK, AT_EACCESS));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "a", R_OK, 0x1));
    OK(open("a", O_RDONLY));
  }
  ENDED(child);
}

CASE(times_of_files) {
  struct stat status;
  make_file("a", "");
  struct timespec times[2] = {{100, 5}, {200, 7}};
  SHOW(utimensat(AT_FDCWD, "a", times, 0));
  stat("a", &status);
  SHOW(status.st_atim.tv_sec * 10 + status.st_atim.tv_nsec);
  SHOW(status.st_mtim.tv_sec * 10 + status.st_mtim.tv_nsec);
  YES(status.st_ctim.tv_sec > 1000);
  times[0].tv_nsec = UTIME_OMIT, times[1].tv_nsec = UTIME_NOW;
  SHOW(utimensat(AT_FDCWD, "a", times, 0));
  stat("a", &status);
  SHOW(status.st_atim.tv_sec);
  YES(status.st_mtim.tv_sec > 1000);
  times[0].tv_nsec = 1000000000;
  SHOW(utimensat(AT_FDCWD, "a", times, 0));
  SHOW(utimensat(AT_FDCWD, "missing", NULL, 0));
  SHOW(utimensat(AT_FDCWD, "a", NULL, 0x1));
  SHOW(futimens(open("a", O_RDONLY), NULL));
  symlink("missing", "l");
  times[0] = times[1] = (struct timespec){300, 0};
  SHOW(utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
  lstat("l", &status);
  SHOW(status.st_mtim.tv_sec);
  pid_t child;
  IN_CHILD(child) {
    become(1000);
    SHOW(utimensat(AT_FDCWD, "a", NULL, 0));
    SHOW(utimensat(AT_FDCWD, "a", times, 0));
  }
  ENDED(child);
}

static int64_t stamp(const char *path, char which) {
  struct stat status;
  lstat(path, &status);
  struct timespec time = which == 'a' ? status.st_atim : which == 'm' ? status.st_mtim : status.st_ctim;
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

CASE(what_moves_times) {
  make_file("a", "abc");
  mkdir("d", 0755);
  int64_t m = stamp("a", 'm'), c = stamp("a", 'c'), dm = stamp("d", 'm');
  nap(30);
  chmod("a", 0600);
  YES(stamp("a", 'm') == m);
  YES(stamp("a", 'c') > c);
  int fd = open("a", O_WRONLY);
  nap(30);
  write(fd, "x", 1);
  YES(stamp("a", 'm') > m);
  YES(stamp("a", 'm') == stamp("a", 'c'));
  m = stamp("a", 'm'), c = stamp("a", 'c');
  nap(30);
  link("a", "b");
  YES(stamp("a", 'm') == m);
  YES(stamp("a", 'c') > c);
  make_file("d/x", "");
  YES(stamp("d", 'm') > dm);
  m = stamp("a", 'm');
  nap(30);
  truncate("a", 4);
  YES(stamp("a", 'm') > m);
  YES(stamp("a", 'a') < stamp("a", 'm'));
  nap(30);
  file_content("a");
  YES(stamp("a", 'a') > stamp("a", 'm'));
}

CASE(extended_attributes) {
  char text[64] = "";
  make_file("a", "");
  SHOW(setxattr("a", "user.one", "1234", 4, 0));
  SHOW(getxattr("a", "user.one", text, sizeof text));
  TEXT(text);
  SHOW(getxattr("a", "user.one", text, 2));
  SHOW(getxattr("a", "user.one", NULL, 0));
  SHOW(getxattr("a", "user.two", text, sizeof text));
  SHOW(setxattr("a", "user.one", "5", 1, XATTR_CREATE));
  SHOW(setxattr("a", "user.two", "5", 1, XATTR_REPLACE));
  SHOW(setxattr("a", "user.two", "", 0, 0));
  SHOW(listxattr("a", NULL, 0));
  SHOW(listxattr("a", text, 5));
  SHOW(listxattr("a", text, sizeof text));
  SHOW(removexattr("a", "user.one"));
  SHOW(removexattr("a", "user.one"));
  SHOW(setxattr("a", "odd.name", "5", 1, 0));
  SHOW(setxattr("a", "user.", "5", 1, 0));
  SHOW(setxattr("a", "user.x", "5", 1, 8));
  SHOW(setxattr("a", "trusted.x", "5", 1, 0));
  symlink("a", "l");
  SHOW(lsetxattr("l", "user.x", "5", 1, 0));
  SHOW(fgetxattr(open("a", O_RDONLY), "user.two", text, 4));
  SHOW(setxattr("missing", "user.x", "5", 1, 0));
}
