/* Names: directories, links, renaming, walking. */
#include "case.h"
#include <linux/openat2.h>
#include <sys/sysmacros.h>

CASE(directories) {
  struct stat status;
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d/", 0755));
  SHOW(mkdir("missing/d", 0755));
  SHOW(mkdir("d/e/", 0755));
  make_file("f", "");
  SHOW(mkdir("f/d", 0755));
  SHOW(mkdir("", 0755));
  SHOW(mkdir("/", 0755));
  SHOW(mkdir(".", 0755));
  stat("d", &status);
  SHOW(status.st_nlink);
  SHOW(rmdir("d"));
  SHOW(rmdir("d/e"));
  SHOW(rmdir("d/."));
  SHOW(rmdir("d/.."));
  SHOW(rmdir("f"));
  SHOW(rmdir("d"));
  SHOW(rmdir("d"));
  SHOW(rmdir("/"));
}

CASE(removed_directory) {
  char path[PATH_MAX];
  mkdir("d", 0755);
  int fd = open("d", O_RDONLY | O_DIRECTORY);
  SHOW(chdir("d"));
  SHOW(rmdir("../d"));
  TEXT(getcwd(path, sizeof path) ? path : error_name(errno));
  OK(open("a", O_CREAT | O_RDWR, 0600));
  SHOW(mkdir("b", 0700));
  OK(openat(fd, "a", O_RDONLY));
  SHOW(chdir("."));
  SHOW(chdir(".."));
  char buffer[1024];
  SHOW(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
}

CASE(unlinking) {
  make_file("a", "");
  mkdir("d", 0755);
  symlink("d", "link");
  SHOW(unlink("d"));
  SHOW(unlink("link"));
  SHOW(unlinkat(AT_FDCWD, "a", AT_REMOVEDIR));
  SHOW(unlinkat(AT_FDCWD, "d", 0x1));
  SHOW(unlinkat(AT_FDCWD, "a", 0));
  SHOW(unlink("a"));
  SHOW(unlink(""));
  make_file("b", "");
  SHOW(unlink("b/"));
  SHOW(unlink("."));
  SHOW(unlinkat(99, "b", 0));
  SHOW(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
}

CASE(hard_links) {
  struct stat one, two;
  make_file("a", "abc");
  mkdir("d", 0755);
  symlink("a", "link");
  SHOW(link("a", "b"));
  stat("a", &one), stat("b", &two);
  YES(one.st_ino == two.st_ino);
  SHOW(two.st_nlink);
  SHOW(link("a", "b"));
  SHOW(link("d", "e"));
  SHOW(link("missing", "e"));
  SHOW(link("a", "d/"));
  SHOW(link("a", "new/"));
  SHOW(linkat(AT_FDCWD, "link", AT_FDCWD, "l1", 0));
  lstat("l1", &one);
  YES(S_ISLNK(one.st_mode));
  SHOW(linkat(AT_FDCWD, "link", AT_FDCWD, "l2", AT_SYMLINK_FOLLOW));
  lstat("l2", &one);
  YES(S_ISREG(one.st_mode));
  SHOW(one.st_nlink);
  SHOW(linkat(AT_FDCWD, "a", AT_FDCWD, "x", 0x1));
  unlink("a");
  TEXT(file_content("b"));
}

CASE(symbolic_links) {
  char text[16] = "";
  struct stat status;
  SHOW(symlink("target", "link"));
  SHOW(symlink("other", "link"));
  SHOW(symlink("", "empty"));
  SHOW(readlink("link", text, sizeof text));
  SHOW(readlink("link", text, 3));
  SHOW(readlink("link", text, 0));
  SHOW(readlink("missing", text, 3));
  make_file("a", "");
  SHOW(readlink("a", text, 3));
  SHOW(readlink("link/", text, 3));
  lstat("link", &status);
  SHOW(status.st_size);
  HEX(status.st_mode);
  SHOW(symlink("x", "link/y"));
  int fd = open("link", O_PATH | O_NOFOLLOW);
  SHOW(readlinkat(fd, "", text, sizeof text));
  SHOW(chmod("link", 0600));
  SHOW(lchown("link", 5, 6));
  lstat("link", &status);
  SHOW(status.st_uid * 10 + status.st_gid);
}

CASE(link_loops_and_chains) {
  char name[16], target[16];
  make_file("l0", "end");
  for (int i = 1; i <= 41; i++) {
    snprintf(name, sizeof name, "l%d", i), snprintf(target, sizeof target, "l%d", i - 1);
    symlink(target, name);
  }
  TEXT(file_content("l39"));
  TEXT(file_content("l40"));
  TEXT(file_content("l41"));
  symlink("b", "a"), symlink("a", "b");
  SHOW(chdir("a"));
  SHOW(rename("a", "c"));
  SHOW(access("c", F_OK));
}

CASE(long_names) {
  char name[PATH_MAX + 20];
  memset(name, 'a', sizeof name);
  name[255] = 0;
  SHOW(mkdir(name, 0755));
  SHOW(rmdir(name));
  name[255] = 'a', name[256] = 0;
  SHOW(mkdir(name, 0755));
  SHOW(access(name, F_OK));
  for (int i = 0; i < PATH_MAX + 10; i += 2) name[i] = '.', name[i + 1] = '/';
  name[PATH_MAX - 1] = 0;
  SHOW(access(name, F_OK));
  name[PATH_MAX - 1] = '.', name[PATH_MAX] = 0;
  SHOW(access(name, F_OK));
  SHOW(symlink(name, "s"));
  SHOW(access((char *)8, F_OK));
}

CASE(renaming_files) {
  make_file("a", "A"), make_file("b", "B");
  mkdir("d", 0755), mkdir("e", 0755), mkdir("d/sub", 0755);
  SHOW(rename("a", "b"));
  TEXT(file_content("b"));
  SHOW(access("a", F_OK));
  SHOW(rename("missing", "b"));
  SHOW(rename("b", "d"));
  SHOW(rename("d", "b"));
  SHOW(rename("e", "d"));
  SHOW(rename("d", "e"));
  SHOW(access("e/sub", F_OK));
  SHOW(rename("e", "e/sub/x"));
  SHOW(rename("e", "e/sub"));
  SHOW(rename("e/sub", "e"));
  SHOW(rename("b", "c/"));
  SHOW(rename("e", "f/"));
  SHOW(rename("f/.", "g"));
  SHOW(rename("f", "missing/x"));
  link("b", "b2");
  SHOW(rename("b", "b2"));
  SHOW(access("b", F_OK));
  SHOW(rename("f", "f"));
  SHOW(rename("b", "f/b"));
  SHOW(rename("/", "/x"));
}

CASE(renaming_flags) {
  make_file("a", "A"), make_file("b", "B");
  mkdir("d", 0755);
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_EXCHANGE));
  TEXT(file_content("b"));
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "d", RENAME_EXCHANGE));
  TEXT(file_content("d"));
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "new", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE | RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", 0x100));
}

CASE(renaming_an_open_file) {
  make_file("a", "abc");
  int fd = open("a", O_RDWR);
  char text[4] = "", path[64], target[PATH_MAX] = "";
  rename("a", "b");
  SHOW(read(fd, text, 3));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  readlink(path, target, sizeof target - 1);
  TEXT(strrchr(target, '/'));
  mkdir("d", 0755);
  SHOW(chdir("d"));
  SHOW(rename("../d", "../moved"));
  TEXT(strrchr(getcwd(target, sizeof target), '/'));
  unlink("../b");
  memset(target, 0, sizeof target);
  readlink(path, target, sizeof target - 1);
  TEXT(strrchr(target, '/'));
}

CASE(walking) {
  char path[PATH_MAX];
  mkdir("d", 0755), mkdir("d/e", 0755);
  make_file("d/f", "F");
  TEXT(file_content("d/e/../f"));
  TEXT(file_content("d//.//f"));
  TEXT(file_content("d/f/."));
  TEXT(file_content("d/missing/../f"));
  TEXT(file_content("d/f/../f"));
  symlink("d/e", "link");
  TEXT(file_content("link/../f"));
  SHOW(chdir("link"));
  SHOW(getcwd(path, 2) != NULL ? 0 : -1);
  getcwd(path, sizeof path);
  TEXT(strstr(path, "/d/"));
  SHOW(chdir("../f"));
  SHOW(access("/../../..", F_OK));
  SHOW(chdir("/"));
  SHOW(syscall(SYS_getcwd, path, 2));
  SHOW(syscall(SYS_getcwd, path, 1));
  SHOW(fchdir(0) < 0);
}

CASE(at_calls) {
  struct stat status;
  mkdir("d", 0755);
  make_file("d/a", "abc");
  make_file("f", "");
  int dir = open("d", O_RDONLY | O_DIRECTORY), file = open("f", O_RDONLY);
  OK(openat(dir, "a", O_RDONLY));
  OK(openat(file, "a", O_RDONLY));
  OK(openat(99, "a", O_RDONLY));
  SHOW(access("/", openat(99, "/", O_RDONLY) < 0));
  SHOW(mkdirat(dir, "s", 0755));
  SHOW(fstatat(dir, "", &status, 0));
  SHOW(fstatat(dir, "", &status, AT_EMPTY_PATH));
  YES(S_ISDIR(status.st_mode));
  SHOW(fstatat(dir, "a", &status, 0x4));
  SHOW(faccessat(dir, "a", R_OK, 0));
  SHOW(fchmodat(dir, "a", 0600, 0));
  SHOW(symlinkat("a", dir, "l"));
  SHOW(renameat(dir, "a", AT_FDCWD, "moved"));
  SHOW(fchownat(dir, "l", 1, 1, AT_SYMLINK_NOFOLLOW));
  SHOW(fchownat(dir, "l", 1, 1, 0));
  SHOW(fchownat(dir, "", 1, 1, AT_EMPTY_PATH));
}

CASE(special_nodes) {
  struct stat status;
  SHOW(mknod("fifo", S_IFIFO | 0644, 0));
  SHOW(mknod("file", S_IFREG | 0644, 0));
  SHOW(mknod("plain", 0600, 0));
  SHOW(mknod("file", S_IFREG | 0644, 0));
  SHOW(mknod("dir", S_IFDIR | 0755, 0));
  SHOW(mknod("socket", S_IFSOCK | 0644, 0));
  SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
  SHOW(mknod("odd", 0170000, 0));
  stat("fifo", &status);
  HEX(status.st_mode);
  stat("plain", &status);
  HEX(status.st_mode);
  stat("null", &status);
  HEX(status.st_rdev);
  SHOW(write(open("null", O_WRONLY), "x", 1));
  OK(open("socket", O_RDONLY));
  SHOW(mkfifo("fifo", 0600));
}

struct linux_dirent64 {
  uint64_t inode, offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

CASE(reading_directories) {
  char buffer[4096], types[256] = "";
  make_file("f", ""), mkdir("d", 0755), symlink("f", "l"), mkfifo("p", 0644);
  int fd = open(".", O_RDONLY | O_DIRECTORY), names = 0;
  long length = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
  for (long at = 0; at < length;) {
    struct linux_dirent64 *entry = (void *)(buffer + at);
    types[(unsigned char)entry->name[0]] = entry->type;
    if (entry->length % 8) say("odd length\n");
    names++, at += entry->length;
  }
  SHOW(names);
  YES(types['f'] == DT_REG && types['d'] == DT_DIR && types['l'] == DT_LNK && types['p'] == DT_FIFO);
  SHOW(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(syscall(SYS_getdents64, fd, buffer, 8));
  YES(syscall(SYS_getdents64, fd, buffer, 32) > 0);
  SHOW(syscall(SYS_getdents64, open("f", O_RDONLY), buffer, 100));
  SHOW(syscall(SYS_getdents64, 99, buffer, 100));
  SHOW(syscall(SYS_getdents64, fd, (void *)8, 100));
}

CASE(directory_places) {
  char name[16];
  for (int i = 0; i < 100; i++) snprintf(name, sizeof name, "f%d", i), make_file(name, "");
  DIR *stream = opendir(".");
  struct dirent *entry;
  int count = 0, removed = 0;
  for (int i = 0; i < 40; i++) readdir(stream);
  long place = telldir(stream);
  char after[64] = "";
  if ((entry = readdir(stream))) strcpy(after, entry->d_name);
  while (readdir(stream)) count++;
  SHOW(count);
  seekdir(stream, place);
  entry = readdir(stream);
  YES(entry && strcmp(entry->d_name, after) == 0);
  rewinddir(stream);
  while ((entry = readdir(stream)))
    if (entry->d_name[0] == 'f') removed += unlink(entry->d_name) == 0;
  SHOW(removed);
  rewinddir(stream);
  for (count = 0; readdir(stream);) count++;
  SHOW(count);
}

static long open_how(int dir, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {.flags = flags, .resolve = resolve};
  return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

CASE(open_resolving) {
  mkdir("d", 0755);
  make_file("d/a", "abc"), make_file("outside", "");
  symlink("a", "d/in"), symlink("../outside", "d/out"), symlink("/d/a", "d/absolute");
  int dir = open("d", O_RDONLY | O_DIRECTORY);
  OK(open_how(dir, "a", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "in", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "out", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "absolute", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "../d/a", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "/a", O_RDONLY, RESOLVE_BENEATH));
  OK(open_how(dir, "/a", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(dir, "../../a", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(dir, "out", O_RDONLY, RESOLVE_IN_ROOT));
  OK(open_how(dir, "in", O_RDONLY, RESOLVE_NO_SYMLINKS));
  OK(open_how(dir, "a", O_RDONLY, RESOLVE_NO_SYMLINKS));
  OK(open_how(AT_FDCWD, "/proc/self/fd/0", O_PATH, RESOLVE_NO_MAGICLINKS));
  OK(open_how(dir, "/proc/version", O_RDONLY, RESOLVE_NO_XDEV));
  OK(open_how(dir, "a", O_RDONLY, 0x1000));
  OK(open_how(dir, "a", O_RDONLY | 1ULL << 40, 0));
  OK(open_how(dir, "a", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
  struct open_how how = {.flags = O_RDONLY, .mode = 0600};
  OK(syscall(SYS_openat2, dir, "a", &how, sizeof how));
  how.mode = 0;
  OK(syscall(SYS_openat2, dir, "a", &how, 8));
  struct {
    struct open_how how;
    uint64_t more;
  } longer = {{.flags = O_RDONLY}, 0};
  OK(syscall(SYS_openat2, dir, "a", &longer, sizeof longer));
  longer.more = 1;
  OK(syscall(SYS_openat2, dir, "a", &longer, sizeof longer));
}

CASE(change_root) {
  char path[PATH_MAX];
  mkdir("d", 0755), mkdir("d/e", 0755);
  make_file("secret", "no");
  int outside = open(".", O_RDONLY | O_DIRECTORY);
  SHOW(chroot("secret"));
  SHOW(chroot("missing"));
  SHOW(chroot("d"));
  SHOW(chdir("/"));
  SHOW(access("../secret", F_OK));
  SHOW(access("/e", F_OK));
  TEXT(getcwd(path, sizeof path));
  SHOW(fchdir(outside));
  SHOW(access("secret", F_OK));
  syscall(SYS_getcwd, path, sizeof path);
  YES(strncmp(path, "(unreachable)", 13) == 0);
}
