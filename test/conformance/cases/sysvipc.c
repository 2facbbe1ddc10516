/* System V shared memory, semaphores and message queues. */
#include "case.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define PAGE 4096
/* Keys of the suite's own. */
#define KEY(n) (0x52554e00 + (n))

struct message {
  long type;
  char text[64];
};

static int send(int queue, long type, const char *text, int flags) {
  struct message message = {type};
  strcpy(message.text, text);
  return msgsnd(queue, &message, strlen(text) + 1, flags);
}

static const char *receive(int queue, long type, size_t room, int flags) {
  static struct message message;
  static char line[128];
  memset(&message, 0, sizeof message);
  ssize_t length = msgrcv(queue, &message, room, type, flags);
  if (length < 0) return error_name(errno);
  snprintf(line, sizeof line, "%zd of type %ld: %.*s", length, message.type, (int)length, message.text);
  return line;
}

static int operate(int set, int index, int change, int flags) {
  struct sembuf operation = {index, change, flags};
  return semop(set, &operation, 1);
}

#define VALUE(set, index) semctl(set, index, GETVAL)

/* Waits until so many wait for a semaphore. */
static void until_waiting(int set, int index, int command, int count) {
  for (int i = 0; i < 500 && semctl(set, index, command) != count; i++) nap(5);
}

CASE(segment_get) {
  int one = shmget(KEY(1), 5000, IPC_CREAT | IPC_EXCL | 0640);
  struct shmid_ds status;
  OK(one);
  SHOW(shmget(KEY(1), 5000, IPC_CREAT | IPC_EXCL | 0640));
  YES(shmget(KEY(1), 5000, IPC_CREAT) == one);
  YES(shmget(KEY(1), 0, 0) == one);
  SHOW(shmget(KEY(1), 5001, 0));
  SHOW(shmget(KEY(2), 5000, 0));
  SHOW(shmget(KEY(2), 0, IPC_CREAT));
  SHOW(shmget(IPC_PRIVATE, 0, 0600));
  SHOW(shmget(IPC_PRIVATE, -1, 0600));
  SHOW(shmctl(one, IPC_STAT, &status));
  SHOW(status.shm_segsz);
  SHOW(status.shm_nattch);
  say("mode %o\n", status.shm_perm.mode);
  YES(status.shm_cpid == getpid() && status.shm_lpid == 0);
  YES(status.shm_perm.__key == KEY(1));
  YES(status.shm_ctime != 0 && status.shm_atime == 0);
  SHOW(shmctl(one, 99, &status));
  SHOW(shmctl(-1, IPC_STAT, &status));
  SHOW(shmctl(one, IPC_STAT, (void *)8));
  SHOW(shmctl(one, IPC_RMID, NULL));
  SHOW(shmctl(one, IPC_STAT, &status));
  SHOW(shmget(KEY(1), 0, 0));
}

CASE(segment_attach) {
  int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
  struct shmid_ds status;
  pid_t child;
  char *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);
  strcpy(one, "seen by both");
  TEXT(two);
  shmctl(id, IPC_STAT, &status);
  SHOW(status.shm_nattch);
  IN_CHILD(child) {
    shmctl(id, IPC_STAT, &status);
    SHOW(status.shm_nattch);
    strcpy(one, "from the child");
    two[0] = 1;
  }
  ENDED(child);
  TEXT(two);
  OK(shmat(id, one, 0));
  OK(shmat(id, one + 100, 0));
  YES(shmat(id, one + 100, SHM_RND | SHM_REMAP) == one);
  OK(shmat(id, NULL, SHM_REMAP));
  OK(shmat(9999999, NULL, 0));
  SHOW(shmdt(one + 1));
  SHOW(shmdt(one + PAGE));
  SHOW(shmdt(one));
  SHOW(shmdt(one));
  shmctl(id, IPC_STAT, &status);
  SHOW(status.shm_nattch);
  YES(status.shm_lpid == getpid() && status.shm_dtime != 0);
  SHOW(munmap(two, PAGE));
  shmctl(id, IPC_STAT, &status);
  SHOW(status.shm_nattch);
  SHOW(shmdt(two));
  shmctl(id, IPC_STAT, &status);
  SHOW(status.shm_nattch);
  shmctl(id, IPC_RMID, NULL);
}

CASE(segment_removal) {
  int id = shmget(KEY(3), PAGE, IPC_CREAT | 0600);
  struct shmid_ds status;
  char *at = shmat(id, NULL, 0);
  at[5] = 'x';
  SHOW(shmctl(id, IPC_RMID, NULL));
  SHOW(shmctl(id, IPC_STAT, &status));
  say("mode %o, %lu attached, key %d\n", status.shm_perm.mode, (long)status.shm_nattch, status.shm_perm.__key);
  SHOW(shmget(KEY(3), PAGE, 0));
  char *again = shmat(id, NULL, 0);
  SHOW(again[5]);
  SHOW(shmdt(again));
  SHOW(at[5]);
  SHOW(shmdt(at));
  OK(shmat(id, NULL, 0));
  id = shmget(IPC_PRIVATE, PAGE, 0600);
  at = shmat(id, NULL, 0);
  at[0] = 'y', shmdt(at);
  at = shmat(id, NULL, 0);
  SHOW(at[0]);
  pid_t child;
  shmctl(id, IPC_RMID, NULL);
  IN_CHILD(child) execl("/proc/self/exe", "suite", "+nothing", NULL);
  ENDED(child);
  shmctl(id, IPC_STAT, &status);
  SHOW(status.shm_nattch);
}

HELPER(nothing) {}

CASE(semaphore_values) {
  unsigned short all[3] = {4, 5, 6};
  struct semid_ds status;
  int set = semget(KEY(1), 3, IPC_CREAT | 0600);
  OK(set);
  SHOW(semget(KEY(1), 4, 0));
  YES(semget(KEY(1), 0, 0) == set);
  SHOW(semget(KEY(2), 0, IPC_CREAT));
  SHOW(semget(KEY(2), -1, IPC_CREAT));
  SHOW(semget(KEY(2), 32001, IPC_CREAT));
  SHOW(VALUE(set, 0) + VALUE(set, 2));
  SHOW(semctl(set, 1, SETVAL, 7));
  SHOW(VALUE(set, 1));
  SHOW(semctl(set, 1, SETVAL, 32768));
  SHOW(semctl(set, 3, SETVAL, 1));
  SHOW(semctl(set, -1, GETVAL));
  SHOW(semctl(set, 0, SETALL, all));
  SHOW(VALUE(set, 2));
  all[1] = 40000;
  SHOW(semctl(set, 0, SETALL, all));
  SHOW(semctl(set, 0, GETALL, all));
  SHOW(all[0] * 100 + all[1] * 10 + all[2]);
  YES(semctl(set, 1, GETPID) == getpid());
  SHOW(semctl(set, 0, IPC_STAT, &status));
  SHOW(status.sem_nsems);
  YES(status.sem_otime == 0 && status.sem_ctime != 0);
  operate(set, 0, 1, 0);
  semctl(set, 0, IPC_STAT, &status);
  YES(status.sem_otime != 0);
  SHOW(semctl(set, 0, 99));
  SHOW(semctl(set, 0, IPC_RMID));
  SHOW(VALUE(set, 0));
}

CASE(semaphore_operations) {
  int set = semget(IPC_PRIVATE, 2, 0600);
  SHOW(operate(set, 0, 2, 0));
  SHOW(operate(set, 0, -3, IPC_NOWAIT));
  SHOW(operate(set, 0, 0, IPC_NOWAIT));
  SHOW(operate(set, 0, -2, IPC_NOWAIT));
  SHOW(operate(set, 0, 0, 0));
  struct sembuf both[3] = {{0, 1, 0}, {0, -1, 0}, {1, -1, IPC_NOWAIT}};
  SHOW(semop(set, both, 3));
  SHOW(VALUE(set, 0));
  both[2].sem_op = 5;
  SHOW(semop(set, both, 3));
  SHOW(VALUE(set, 0) * 10 + VALUE(set, 1));
  SHOW(operate(set, 0, 32767, 0));
  SHOW(operate(set, 0, 1, 0));
  SHOW(operate(set, 2, 1, 0));
  SHOW(semop(set, both, 0));
  SHOW(semop(set, both, 501));
  SHOW(semop(set, (void *)8, 1));
  SHOW(semop(9999999, both, 1));
  struct timespec soon = {0, 20000000}, bad = {0, -1};
  struct sembuf take = {1, -9, 0};
  SHOW(semtimedop(set, &take, 1, &soon));
  SHOW(semtimedop(set, &take, 1, &bad));
  SHOW(semtimedop(set, &take, 1, (void *)8));
  semctl(set, 0, IPC_RMID);
}

CASE(semaphore_waiting) {
  int set = semget(IPC_PRIVATE, 2, 0600);
  pid_t one, two, zero;
  IN_CHILD(one) SHOW(operate(set, 0, -2, 0));
  until_waiting(set, 0, GETNCNT, 1);
  IN_CHILD(two) SHOW(operate(set, 0, -1, 0));
  until_waiting(set, 0, GETNCNT, 2);
  SHOW(semctl(set, 0, GETNCNT));
  operate(set, 0, 1, 0);
  ENDED(two);
  SHOW(VALUE(set, 0));
  YES(semctl(set, 0, GETPID) == two);
  operate(set, 0, 3, 0);
  ENDED(one);
  SHOW(VALUE(set, 0));
  IN_CHILD(zero) SHOW(operate(set, 0, 0, 0));
  until_waiting(set, 0, GETZCNT, 1);
  SHOW(semctl(set, 0, GETZCNT) * 10 + semctl(set, 0, GETNCNT));
  semctl(set, 0, SETVAL, 0);
  ENDED(zero);
  IN_CHILD(one) SHOW(operate(set, 1, -1, 0));
  until_waiting(set, 1, GETNCNT, 1);
  semctl(set, 0, IPC_RMID);
  ENDED(one);
}

static void on_signal(__attribute__((unused)) int number) {}

CASE(semaphore_interrupted) {
  int set = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  pid_t child;
  IN_CHILD(child) {
    sigaction(SIGUSR1, &action, NULL);
    SHOW(operate(set, 0, -1, 0));
    TEXT(receive(queue, 0, 64, 0));
  }
  until_waiting(set, 0, GETNCNT, 1);
  kill(child, SIGUSR1);
  for (int i = 0; i < 500 && semctl(set, 0, GETNCNT) != 0; i++) nap(5);
  nap(20), until_asleep(child);
  kill(child, SIGUSR1);
  ENDED(child);
  semctl(set, 0, IPC_RMID);
  msgctl(queue, IPC_RMID, NULL);
}

CASE(semaphore_undo) {
  int set = semget(IPC_PRIVATE, 2, 0600);
  pid_t child;
  semctl(set, 0, SETVAL, 5);
  IN_CHILD(child) {
    operate(set, 0, -3, SEM_UNDO), operate(set, 0, 1, 0), operate(set, 1, 4, SEM_UNDO);
    SHOW(VALUE(set, 0) * 10 + VALUE(set, 1));
  }
  ENDED(child);
  SHOW(VALUE(set, 0) * 10 + VALUE(set, 1));
  IN_CHILD(child) {
    operate(set, 0, -3, SEM_UNDO);
    semctl(set, 0, SETVAL, 1);
  }
  ENDED(child);
  SHOW(VALUE(set, 0));
  IN_CHILD(child) {
    operate(set, 0, 3, SEM_UNDO);
    pid_t grandchild;
    IN_CHILD(grandchild) operate(set, 0, -4, 0);
    ENDED(grandchild);
    SHOW(VALUE(set, 0));
    operate(set, 0, 2, 0);
  }
  ENDED(child);
  SHOW(VALUE(set, 0));
  semctl(set, 0, IPC_RMID);
}

CASE(queue_types) {
  int queue = msgget(KEY(1), IPC_CREAT | IPC_EXCL | 0600);
  OK(queue);
  SHOW(msgget(KEY(1), IPC_CREAT | IPC_EXCL));
  YES(msgget(KEY(1), 0) == queue);
  SHOW(msgget(KEY(2), 0));
  send(queue, 3, "three", 0), send(queue, 1, "one", 0), send(queue, 2, "two", 0), send(queue, 3, "more", 0);
  TEXT(receive(queue, 2, 64, 0));
  TEXT(receive(queue, -2, 64, 0));
  TEXT(receive(queue, 5, 64, IPC_NOWAIT));
  TEXT(receive(queue, 3, 64, MSG_EXCEPT | IPC_NOWAIT));
  TEXT(receive(queue, 0, 3, 0));
  TEXT(receive(queue, 1, 64, MSG_COPY | IPC_NOWAIT));
  TEXT(receive(queue, 7, 64, MSG_COPY | IPC_NOWAIT));
  TEXT(receive(queue, 0, 64, MSG_COPY));
  TEXT(receive(queue, 0, 3, MSG_NOERROR));
  TEXT(receive(queue, LONG_MIN, 64, 0));
  TEXT(receive(queue, 0, 64, IPC_NOWAIT));
  SHOW(send(queue, 0, "zero", 0));
  SHOW(send(queue, -1, "minus", 0));
  struct message message = {1};
  SHOW(msgsnd(queue, &message, 8193, 0));
  SHOW(msgsnd(queue, &message, -1, 0));
  SHOW(msgsnd(queue, (void *)8, 1, 0));
  SHOW(msgsnd(9999999, &message, 1, 0));
  SHOW(msgrcv(queue, &message, -1, 0, 0));
  SHOW(msgsnd(queue, &message, 0, 0));
  SHOW(msgrcv(queue, &message, 0, 0, 0));
  SHOW(msgctl(queue, IPC_RMID, NULL));
  SHOW(send(queue, 1, "gone", 0));
}

CASE(queue_status) {
  int queue = msgget(IPC_PRIVATE, 0640);
  struct msqid_ds status;
  static struct {
    long type;
    char text[8192];
  } large = {1};
  SHOW(msgctl(queue, IPC_STAT, &status));
  SHOW(status.msg_qbytes);
  YES(status.msg_stime == 0 && status.msg_ctime != 0);
  send(queue, 1, "hello", 0);
  msgctl(queue, IPC_STAT, &status);
  SHOW(status.msg_qnum * 100 + status.msg_cbytes);
  YES(status.msg_lspid == getpid() && status.msg_lrpid == 0 && status.msg_stime != 0);
  SHOW(msgsnd(queue, &large, 8192, 0));
  SHOW(msgsnd(queue, &large, 8192, IPC_NOWAIT));
  SHOW(msgsnd(queue, &large, 8186, IPC_NOWAIT));
  SHOW(send(queue, 1, "", IPC_NOWAIT));
  status.msg_qbytes = 20, status.msg_perm.mode = 0600;
  SHOW(msgctl(queue, IPC_SET, &status));
  receive(queue, 0, 8192, 0);
  SHOW(send(queue, 1, "", IPC_NOWAIT));
  msgctl(queue, IPC_STAT, &status);
  say("mode %o, %lu bytes at most\n", status.msg_perm.mode, (long)status.msg_qbytes);
  YES(status.msg_lrpid == getpid() && status.msg_rtime != 0);
  SHOW(msgctl(queue, IPC_STAT, (void *)8));
  SHOW(msgctl(queue, 99, &status));
  msgctl(queue, IPC_RMID, NULL);
}

CASE(queue_waiting) {
  int queue = msgget(IPC_PRIVATE, 0600);
  static struct {
    long type;
    char text[8192];
  } large = {9};
  pid_t any, two, sender;
  IN_CHILD(two) TEXT(receive(queue, 2, 64, 0));
  until_asleep(two);
  IN_CHILD(any) TEXT(receive(queue, 0, 2, 0));
  until_asleep(any);
  send(queue, 1, "long", 0);
  ENDED(any);
  send(queue, 2, "second", 0);
  ENDED(two);
  TEXT(receive(queue, 0, 64, IPC_NOWAIT));
  while (msgsnd(queue, &large, 8192, IPC_NOWAIT) == 0) {}
  IN_CHILD(sender) _exit(send(queue, 4, "at last", 0) ? errno : 7);
  nap(30), until_asleep(sender);
  SHOW(msgrcv(queue, &large, 8192, 9, 0));
  ENDED(sender);
  TEXT(receive(queue, 4, 64, 0));
  while (msgsnd(queue, &large, 8192, IPC_NOWAIT) == 0) {}
  IN_CHILD(sender) SHOW(send(queue, 4, "never", 0));
  nap(30), until_asleep(sender);
  msgctl(queue, IPC_RMID, NULL);
  ENDED(sender);
}

CASE(ipc_permissions) {
  int segment = shmget(IPC_PRIVATE, PAGE, 0604), set = semget(IPC_PRIVATE, 1, 0604);
  int queue = msgget(IPC_PRIVATE, 0602), own = shmget(KEY(4), PAGE, IPC_CREAT | 0600);
  struct shmid_ds status;
  pid_t child;
  IN_CHILD(child) {
    setgid(1000), setresuid(1000, 1000, 1000);
    OK(shmat(segment, NULL, 0));
    OK(shmat(segment, NULL, SHM_RDONLY));
    SHOW(shmget(KEY(4), 0, 0400));
    OK(shmget(KEY(4), 0, 0));
    SHOW(shmctl(own, IPC_STAT, &status));
    SHOW(shmctl(segment, IPC_STAT, &status));
    SHOW(shmctl(segment, IPC_SET, &status));
    SHOW(shmctl(segment, IPC_RMID, NULL));
    SHOW(VALUE(set, 0));
    SHOW(semctl(set, 0, SETVAL, 1));
    SHOW(operate(set, 0, 1, 0));
    SHOW(operate(set, 0, 0, 0));
    SHOW(semctl(set, 0, IPC_RMID));
    SHOW(send(queue, 1, "may", 0));
    TEXT(receive(queue, 0, 64, IPC_NOWAIT));
    SHOW(msgctl(queue, IPC_RMID, NULL));
  }
  ENDED(child);
  shmctl(segment, IPC_STAT, &status);
  status.shm_perm.uid = 1000, status.shm_perm.mode = 0660;
  SHOW(shmctl(segment, IPC_SET, &status));
  IN_CHILD(child) {
    setgid(1000), setresuid(1000, 1000, 1000);
    OK(shmat(segment, NULL, 0));
    SHOW(shmctl(segment, IPC_RMID, NULL));
  }
  ENDED(child);
  shmctl(own, IPC_RMID, NULL), semctl(set, 0, IPC_RMID), msgctl(queue, IPC_RMID, NULL);
}

/* The header of a table, and of an object's row its key, permissions, owner and length. */
static void show_row(const char *path, int key, int owner) {
  char wanted[16], *line = strtok((char *)file_content(path), "\n");
  snprintf(wanted, sizeof wanted, "%10d ", key);
  say("%s\n", line);
  while (line != NULL && strncmp(line, wanted, 11) != 0) line = strtok(NULL, "\n");
  if (line == NULL) return say("no row\n");
  size_t length = strlen(line);
  say("%.11s, %.6s, %.5s, %zu long\n", line, line + 22, line + owner, length);
}

CASE(proc_of_ipc) {
  int segment = shmget(KEY(5), 5000, IPC_CREAT | 0640), set = semget(KEY(6), 3, IPC_CREAT | 0600);
  int queue = msgget(KEY(7), IPC_CREAT | 0666);
  send(queue, 1, "hello", 0);
  show_row("/proc/sysvipc/shm", KEY(5), 70);
  show_row("/proc/sysvipc/sem", KEY(6), 40);
  show_row("/proc/sysvipc/msg", KEY(7), 64);
  shmctl(segment, IPC_RMID, NULL), semctl(set, 0, IPC_RMID), msgctl(queue, IPC_RMID, NULL);
}
