/* Starting programs in the place of others. */
#include "case.h"
#include <elf.h>
#include <sys/auxv.h>

#define SELF "/proc/self/exe"

HELPER(arguments) {
  say("%d arguments\n", argc);
  for (int i = 0; i < argc; i++) say("  \"%s\"\n", argv[i]);
}

HELPER(environment) {
  for (char **at = environ; *at; at++) say("  %s\n", *at);
}

HELPER(state) {
  sigset_t set, pending;
  struct sigaction action;
  char name[16], path[PATH_MAX];
  sigprocmask(SIG_BLOCK, NULL, &set), sigpending(&pending);
  SHOW(sigismember(&set, SIGUSR1));
  SHOW(sigismember(&pending, SIGUSR1));
  sigaction(SIGUSR2, NULL, &action);
  YES(action.sa_handler == SIG_IGN);
  sigaction(SIGTERM, NULL, &action);
  YES(action.sa_handler == SIG_DFL);
  stack_t stack;
  sigaltstack(NULL, &stack);
  HEX(stack.ss_flags);
  SHOW(alarm(0) > 0);
  SHOW(fcntl(40, F_GETFD));
  SHOW(fcntl(41, F_GETFD));
  HEX(umask(0));
  prctl(PR_GET_NAME, name);
  TEXT(name);
  TEXT(strrchr(getcwd(path, sizeof path), '/') ? "somewhere" : "");
  SHOW(nice(0));
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  SHOW(limit.rlim_cur);
}

HELPER(exit_with) { _exit(atoi(argv[0])); }

static void run(const char *what, const char *path, char *const arguments[], char *const environment[]) {
  pid_t child;
  IN_CHILD(child) {
    execve(path, arguments, environment);
    say("%s: %s\n", what, error_name(errno));
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  if (status) show_status(what, status);
}
#define LIST(...) ((char *[]){__VA_ARGS__, NULL})

static void install(const char *path, const void *content, size_t size, mode_t mode) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  write(fd, content, size);
  fchmod(fd, mode);
  close(fd);
}
#define SCRIPT(path, text) install(path, text, strlen(text), 0755)

/* A copy of this program in the current directory. */
static void copy_program(const char *path) {
  int in = open(SELF, O_RDONLY), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  static char block[1 << 16];
  for (ssize_t n; (n = read(in, block, sizeof block)) > 0;) write(out, block, n);
  close(in), close(out);
}

CASE(exec_arguments) {
  run("exec", SELF, LIST("name", "+arguments", "one", "two words", ""), LIST(NULL));
  run("exec", SELF, LIST("name", "+environment"), LIST("A=1", "B=", "no equals sign"));
  run("exit", SELF, LIST("name", "+exit_with", "77"), NULL);
  run("no environment", SELF, LIST("name", "+environment"), NULL);
}

CASE(exec_errors) {
  make_file("plain", "text");
  mkdir("d", 0755);
  install("text", "just text\n", 10, 0755);
  install("empty", "", 0, 0755);
  install("elf", "\177ELF\2\1\1", 7, 0755);
  symlink("loop", "loop");
  run("missing", "missing", LIST("x"), NULL);
  run("not executable", "plain", LIST("x"), NULL);
  run("directory", "d", LIST("x"), NULL);
  run("below a file", "plain/x", LIST("x"), NULL);
  run("text", "text", LIST("x"), NULL);
  run("empty", "empty", LIST("x"), NULL);
  run("short elf", "elf", LIST("x"), NULL);
  run("loop", "loop", LIST("x"), NULL);
  run("no name", "", LIST("x"), NULL);
  run("bad path", (char *)8, LIST("x"), NULL);
  run("bad arguments", SELF, (char **)8, NULL);
  run("bad argument", SELF, LIST("x", (char *)8), NULL);
}

CASE(exec_other_machine) {
  Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1, .e_phoff = 64, .e_ehsize = 64};
  char file[4096] = "";
  memcpy(file, &header, sizeof header);
  install("x86", file, sizeof file, 0755);
  run("another machine", "x86", LIST("x"), NULL);
  header.e_machine = EM_RISCV, header.e_type = ET_REL;
  memcpy(file, &header, sizeof header);
  install("object", file, sizeof file, 0755);
  run("an object file", "object", LIST("x"), NULL);
}

CASE(exec_keeps) {
  sigset_t set;
  pid_t child;
  IN_CHILD(child) {
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR2, SIG_IGN), signal(SIGTERM, (void (*)(int))abort);
    static char room[65536];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    sigaltstack(&stack, NULL);
    alarm(100);
    dup2(1, 40), dup2(1, 41), fcntl(41, F_SETFD, FD_CLOEXEC);
    umask(031), nice(3), prctl(PR_SET_NAME, "other");
    struct rlimit limit = {200, 300};
    setrlimit(RLIMIT_NOFILE, &limit);
    symlink(SELF, "link-name");
    execve(SELF, LIST("name", "+state"), LIST(NULL));
    say("%s\n", error_name(errno));
  }
  ENDED(child);
}

CASE(exec_name) {
  copy_program("a-program-with-a-long-name");
  pid_t child;
  SCRIPT("script", "#! ./a-program-with-a-long-name +name\n");
  run("program", "./a-program-with-a-long-name", LIST("zero", "+name"), LIST(NULL));
  run("script", "./script", LIST("zero"), LIST(NULL));
}
HELPER(name) {
  char name[16], link[PATH_MAX] = "";
  prctl(PR_GET_NAME, name);
  TEXT(name);
  readlink("/proc/self/exe", link, sizeof link - 1);
  TEXT(strrchr(link, '/'));
  int fd = open("/proc/self/cmdline", O_RDONLY), length;
  char line[256];
  length = read(fd, line, sizeof line);
  for (int i = 0; i < length; i++) line[i] = line[i] ? line[i] : '|';
  line[length < 0 ? 0 : length] = 0;
  TEXT(line);
  TEXT((char *)getauxval(AT_EXECFN));
}

CASE(exec_scripts) {
  copy_program("p");
  SCRIPT("plain", "#!./p\n");
  SCRIPT("one", "#!./p +arguments\nbody\n");
  SCRIPT("spaces", "#!  ./p \t +arguments  more words here  \n");
  SCRIPT("no-newline", "#!./p +arguments");
  SCRIPT("nested", "#!./one x\n");
  SCRIPT("missing", "#!/missing/interpreter\n");
  SCRIPT("nothing", "#!\n");
  SCRIPT("blank", "#!   \n");
  SCRIPT("directory", "#!/\n");
  SCRIPT("self", "#!./self\n");
  char *const *arguments = LIST("zero", "first", "second");
  run("one", "./one", (char **)arguments, LIST(NULL));
  run("spaces", "./spaces", LIST("zero"), LIST(NULL));
  run("no-newline", "./no-newline", LIST("zero", "x"), LIST(NULL));
  run("nested", "./nested", LIST("zero", "y"), LIST(NULL));
  run("missing", "./missing", LIST("zero"), LIST(NULL));
  run("nothing", "./nothing", LIST("zero"), LIST(NULL));
  run("blank", "./blank", LIST("zero"), LIST(NULL));
  run("directory", "./directory", LIST("zero"), LIST(NULL));
  run("self", "./self", LIST("zero"), LIST(NULL));
}

CASE(exec_script_limits) {
  copy_program("p");
  char text[400];
  memset(text, 'x', sizeof text);
  memcpy(text, "#!./p +arguments ", 17);
  text[300] = '\n', text[301] = 0;
  SCRIPT("long", text);
  text[256] = '\n', text[257] = 0;
  SCRIPT("longest", text);
  text[255] = '\n', text[256] = 0;
  SCRIPT("fits", text);
  run("long", "./long", LIST("z"), LIST(NULL));
  run("longest", "./longest", LIST("z"), LIST(NULL));
  run("fits", "./fits", LIST("z"), LIST(NULL));
  memset(text, 'x', sizeof text);
  memcpy(text, "#!./", 4);
  text[300] = '\n', text[301] = 0;
  SCRIPT("long-name", text);
  run("long-name", "./long-name", LIST("z"), LIST(NULL));
}

CASE(exec_argument_limits) {
  static char big[200000], *many[40];
  memset(big, 'x', sizeof big - 1);
  big[(128 << 10) - 1] = 0;
  run("one of 128 KiB", SELF, LIST("n", "+exit_with", "3", big), NULL);
  big[(128 << 10) - 1] = 'x', big[128 << 10] = 0;
  run("one byte more", SELF, LIST("n", "+exit_with", "3", big), NULL);
  big[100000] = 0;
  for (int i = 0; i < 39; i++) many[i] = big;
  many[0] = "n", many[1] = "+exit_with", many[2] = "4";
  run("3.6 MB", SELF, many, NULL);
  many[18] = NULL;
  run("1.5 MB", SELF, many, NULL);
}

CASE(exec_busy_text) {
  copy_program("p");
  int writing = open("p", O_WRONLY);
  run("open for writing", "./p", LIST("n", "+exit_with", "3"), NULL);
  close(writing);
  struct gate gate = new_gate();
  pid_t child;
  int ends[2];
  pipe(ends);
  IN_CHILD(child) {
    dup2(ends[0], 0);
    execve("./p", LIST("n", "+read"), NULL);
  }
  char byte;
  nap(100);
  for (int i = 0; i < 100 && open("p", O_RDONLY) < 0; i++) nap(10);
  OK(open("p", O_WRONLY));
  SHOW(truncate("p", 0));
  SHOW(unlink("p"));
  write(ends[1], "x", 1);
  ENDED(child);
}
HELPER(read) {
  char byte;
  SHOW(read(0, &byte, 1));
}

CASE(exec_set_id) {
  copy_program("p");
  chown("p", 1234, 4321);
  chmod("p", 06755), chmod(".", 0755);
  pid_t child;
  IN_CHILD(child) {
    setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
    execve("./p", LIST("n", "+ids"), NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execve("./p", LIST("n", "+ids"), NULL);
  }
  ENDED(child);
}
HELPER(ids) {
  uid_t real, effective, saved;
  getresuid(&real, &effective, &saved);
  say("uids %d %d %d\n", real, effective, saved);
  getresgid(&real, &effective, &saved);
  say("gids %d %d %d\n", real, effective, saved);
  SHOW(getauxval(AT_SECURE));
  SHOW(getauxval(AT_EUID));
}

CASE(exec_permissions) {
  copy_program("p");
  chmod("p", 0644), chmod(".", 0755);
  pid_t child;
  run("root without x", "./p", LIST("n", "+exit_with", "3"), NULL);
  chmod("p", 0611);
  IN_CHILD(child) {
    setresuid(1000, 1000, 1000);
    run("x without r", "./p", LIST("n", "+exit_with", "3"), NULL);
    SHOW(access("p", X_OK));
    OK(open("p", O_RDONLY));
  }
  ENDED(child);
}

CASE(exec_descriptor) {
  char program[PATH_MAX] = "";
  readlink(SELF, program, sizeof program - 1);
  pid_t child;
  int fd = open(SELF, O_RDONLY | O_CLOEXEC), path = open(SELF, O_PATH | O_CLOEXEC), dir = open("/", O_PATH);
  IN_CHILD(child) syscall(SYS_execveat, fd, "", LIST("n", "+exit_with", "5"), NULL, AT_EMPTY_PATH);
  ENDED(child);
  IN_CHILD(child) syscall(SYS_execveat, path, "", LIST("n", "+exit_with", "6"), NULL, AT_EMPTY_PATH);
  ENDED(child);
  IN_CHILD(child) syscall(SYS_execveat, dir, program + 1, LIST("n", "+exit_with", "7"), NULL, 0);
  ENDED(child);
  SHOW(syscall(SYS_execveat, fd, "", LIST("n"), NULL, 0));
  SHOW(syscall(SYS_execveat, fd, "", LIST("n"), NULL, 0x1));
  SHOW(syscall(SYS_execveat, AT_FDCWD, SELF, LIST("n"), NULL, AT_SYMLINK_NOFOLLOW));
  SHOW(syscall(SYS_execveat, 99, "", LIST("n"), NULL, AT_EMPTY_PATH));
}

static void *execute(void *unused) {
  execve(SELF, LIST("n", "+thread_state"), NULL);
  return NULL;
}
static void *wait_forever(void *unused) {
  for (;;) pause();
}
HELPER(thread_state) {
  YES(getpid() == gettid());
  YES(getpid() == atoi(getenv("PID") ? getenv("PID") : "0") || getenv("PID") == NULL);
  DIR *stream = opendir("/proc/self/task");
  int count = -2;
  while (stream && readdir(stream)) count++;
  SHOW(count);
}

CASE(exec_from_a_thread) {
  pid_t child;
  IN_CHILD(child) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, i < 2 ? wait_forever : execute, NULL);
    wait_forever(NULL);
  }
  ENDED(child);
}

CASE(exec_after_vfork) {
  pid_t child = vfork();
  if (child == 0) {
    execve(SELF, LIST("n", "+exit_with", "8"), NULL);
    _exit(1);
  }
  ENDED(child);
  child = vfork();
  if (child == 0) {
    execve("missing", LIST("n"), NULL);
    _exit(errno == ENOENT ? 2 : 1);
  }
  ENDED(child);
  SHOW(access("missing", F_OK));
}

CASE(start_up_vector) {
  SHOW(getauxval(AT_PAGESZ));
  SHOW(getauxval(AT_CLKTCK));
  YES(getauxval(AT_PHDR) != 0 && getauxval(AT_PHNUM) > 2);
  SHOW(getauxval(AT_PHENT));
  YES(getauxval(AT_RANDOM) != 0);
  YES(getauxval(AT_ENTRY) != 0);
  YES(getauxval(AT_SYSINFO_EHDR) != 0);
  HEX(getauxval(AT_HWCAP) & 0x112d);
  SHOW(getauxval(AT_SECURE));
  SHOW(getauxval(AT_UID));
  YES(getauxval(AT_MINSIGSTKSZ) >= 1024);
  SHOW(getauxval(AT_BASE));
}
