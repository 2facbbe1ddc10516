import type { Random } from "../differential/random.ts";
import { argument } from "./arguments.ts";
import { type Call, call } from "./call.ts";
import { DESCRIPTORS, PAGES, PATHS, PLACES, pathAt } from "./places.ts";

const AT_FDCWD = -100n;
const path = (name: (typeof PATHS)[number]): bigint => pathAt(PATHS.indexOf(name));
const page = (number: number): number => PLACES.data + number * 4096;
const SCRATCH = page(PAGES.scratch);
const RDWR_CREATE = 0o102;
const NONBLOCK = 0o4000;
const PATH_ONLY = 0o10000000;
const DIRECTORY = 0o200000;
const CLOEXEC = 0o2000000;

const open = (name: (typeof PATHS)[number], flags = 0, mode = 0o644): Call =>
  call("openat", AT_FDCWD, path(name), flags, mode);

const [[EPOLL], [EVENTFD], [INOTIFY], [STREAM], [LISTENER], [MASTER]] = [
  DESCRIPTORS.epoll,
  DESCRIPTORS.eventfd,
  DESCRIPTORS.inotify,
  DESCRIPTORS.socket,
  DESCRIPTORS.listener,
  DESCRIPTORS.terminal,
];

/** Makes something of every kind that has a descriptor: they are 3 and up, in this order. */
export const OPENING: readonly Call[] = [
  call("mkdirat", AT_FDCWD, path("/tmp/dir"), 0o755),
  call("mkdirat", AT_FDCWD, path("/tmp/mount"), 0o755),
  call("mount", path("tmpfs"), path("/tmp/mount"), path("tmpfs")),
  open("/tmp/a", RDWR_CREATE),
  open("/tmp/dir", DIRECTORY),
  open("/tmp/a", PATH_ONLY),
  call("pipe2", SCRATCH, NONBLOCK),
  call("pipe2", SCRATCH, 0),
  call("mknodat", AT_FDCWD, path("/tmp/fifo"), 0o010644),
  open("/tmp/fifo", 0o2 | NONBLOCK),
  call("eventfd2", 3, NONBLOCK),
  call("timerfd_create", 1, NONBLOCK),
  call("epoll_create1", CLOEXEC),
  call("epoll_ctl", EPOLL, 1, EVENTFD, page(PAGES.events)),
  call("signalfd4", -1n, page(PAGES.words), 8, NONBLOCK),
  call("inotify_init1", NONBLOCK),
  call("inotify_add_watch", INOTIFY, path("/tmp/dir"), 0xfff),
  call("memfd_create", path("a"), 2),
  call("pidfd_open", 1),
  call("mq_open", path("a"), RDWR_CREATE | NONBLOCK, 0o600, 0),
  call("socketpair", 1, 1, 0, SCRATCH),
  call("socketpair", 1, 2 | NONBLOCK, 0, SCRATCH),
  call("socketpair", 1, 5 | NONBLOCK, 0, SCRATCH),
  call("sendmsg", STREAM, page(PAGES.messages), 0x40),
  call("socket", 1, 1 | NONBLOCK),
  call("bind", LISTENER, page(PAGES.addresses), 13),
  call("listen", LISTENER, 4),
  call("socket", 1, 2 | NONBLOCK),
  open("/dev/ptmx", 0o402),
  call("ioctl", MASTER, 0x4004_5431, page(PAGES.actions) + 16),
  open("/dev/pts/0", 0o402),
  open("/disk/f", RDWR_CREATE),
  call("mkdirat", AT_FDCWD, path("/disk/dir"), 0o755),
  open("/disk/dir", DIRECTORY),
  open("/host/f", RDWR_CREATE),
  open("/host", DIRECTORY),
  open("/mnt/hello.S"),
  open("/hello.S", 0o2),
  open("/tmp/mount/f", RDWR_CREATE),
  open("/proc/self/maps"),
  open("/proc/sys/kernel/hostname", 0o2),
  open("/proc/self/fd", DIRECTORY),
  open("/sys/devices/system/cpu/online"),
  open("/dev/zero", 0o2),
  open("/dev/full", 0o2),
  open("/dev/urandom", 0o2),
  open("/dev/null", 0o2),
  open("/dev/tty", 0o2),
];

/** Opens or maps something: otherwise sequences would soon be about nothing. */
export function openingCall(random: Random): Call {
  switch (random.below(5)) {
    case 0:
    case 1:
      return random.pick(OPENING);
    case 2:
      return open(random.pick(PATHS), random.pick([0, 0, 0o2, PATH_ONLY, DIRECTORY, NONBLOCK]));
    case 3: {
      const flags = random.pick([1, 1, 0x21, 0x22, 2]) | 0x10;
      return call(
        "mmap",
        ...[
          argument("arena", random, 0),
          65536n,
          random.pick([1, 3, 5]),
          flags,
          argument("fd", random, 0),
          0n,
        ],
      );
    }
    default:
      return open(
        random.pick(["/tmp/a", "/tmp/b", "/tmp/dir/c", "/disk/f", "/host/f"] as const),
        RDWR_CREATE,
      );
  }
}
