import { beforeAll, describe, expect, test } from "vitest";
import { type Caller, DATA, type TestKernel, testKernel } from "../kernel-fixture.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { FileType } from "../vfs/inode.ts";
import { failure, type Tree } from "../vfs/tree-fixture.ts";

let kernel: TestKernel;
let caller: Caller;
let tree: Tree;

beforeAll(async () => {
  kernel = await testKernel();
  caller = kernel.first;
  tree = kernel.tree;
});

/** All there is, with paths; directories end with a slash, symbolic links with an at. */
function all(path: string): string[] {
  return tree.list(path).flatMap((name) => {
    const below = `${path}/${name}`;
    const type = tree.lstat(below).mode & FileType.mask;
    if (type === FileType.symlink) return [`${below}@`];
    return type === FileType.directory ? [`${below}/`, ...all(below)] : [below];
  });
}

describe("the answers are those of a machine with one hart and one memory node", () => {
  test.each([
    ["/sys/devices/system/cpu/online", "0"],
    ["/sys/devices/system/cpu/possible", "0"],
    ["/sys/devices/system/cpu/present", "0"],
    ["/sys/devices/system/cpu/offline", ""],
    ["/sys/devices/system/cpu/isolated", ""],
    ["/sys/devices/system/cpu/cpu0/online", "1"],
    ["/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0"],
    ["/sys/devices/system/cpu/cpu0/topology/core_id", "0"],
    ["/sys/devices/system/cpu/cpu0/topology/core_siblings", "1"],
    ["/sys/devices/system/node/online", "0"],
    ["/sys/devices/system/node/node0/cpulist", "0"],
    ["/sys/devices/system/node/node0/cpumap", "1"],
    ["/sys/devices/system/node/node0/distance", "10"],
    ["/sys/devices/system/clocksource/clocksource0/current_clocksource", "riscv_clocksource"],
    ["/sys/kernel/cpu_byteorder", "little"],
    ["/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]"],
  ])("%s", (path, line) => {
    expect(tree.read(path)).toBe(`${line}\n`);
  });

  test("as sched_getaffinity says", () => {
    expect(caller.call("sched_getaffinity", 0, 8, DATA)).toBe(8);
    expect(caller.memory.readU64(DATA)).toBe(1n);
  });

  test("and of its memory, as much as the kernel has just now", () => {
    const { totalPages } = kernel.kernel.use(memoryManager);
    const kilobytes = (field: string) =>
      Number(
        new RegExp(`^Node 0 ${field}: +(\\d+) kB$`, "m").exec(
          tree.read("/sys/devices/system/node/node0/meminfo"),
        )?.[1],
      );
    expect(kilobytes("MemTotal")).toBe(totalPages * 4);
    const before = kilobytes("MemFree");
    const at = caller.call("mmap", 0, 64 << 12, 3, 0x22, -1, 0);
    for (let page = 0; page < 64; page++) caller.memory.writeU32(at + (page << 12), 1);
    const after = kilobytes("MemFree");
    expect(before - after).toBeGreaterThanOrEqual(64 * 4);
    expect(before - after).toBeLessThan(80 * 4);
    expect(caller.call("sysinfo", DATA)).toBe(0);
    expect(Number(caller.memory.readU64(DATA + 32))).toBe(totalPages * 4096);
  });
});

describe("the tree", () => {
  test("has the places where programs look around, and nothing in those of devices that are not there", () => {
    for (const path of ["block", "bus", "class/block", "class/net", "dev/char", "firmware", "fs", "module"])
      expect(tree.list(`/sys/${path}`), path).toEqual([]);
    expect(tree.list("/sys")).toEqual([
      "block",
      "bus",
      "class",
      "dev",
      "devices",
      "firmware",
      "fs",
      "kernel",
      "module",
    ]);
    for (const path of ["/sys/fs/selinux", "/sys/fs/cgroup/memory", "/sys/class/dmi/id/sys_vendor"])
      expect(
        failure(() => tree.find(path)),
        path,
      ).toBe("ENOENT");
    for (const path of ["__proto__", "constructor", "toString"])
      expect(
        failure(() => tree.find(`/sys/${path}`)),
        path,
      ).toBe("ENOENT");
  });

  test("can be read whole: every file is a text of whole lines, every link leads somewhere in it", () => {
    const paths = all("/sys");
    expect(paths.length).toBeGreaterThan(50);
    for (const path of paths) {
      if (path.endsWith("/")) continue;
      if (path.endsWith("@")) expect(tree.resolve(path.slice(0, -1))).toMatch(/^\/sys\//);
      else expect(tree.read(path), path).toMatch(/\n$/);
    }
    const numbers = paths.map((path) => tree.lstat(path.replace(/[/@]$/, "")).ino);
    expect(new Set(numbers).size).toBe(paths.length);
  });

  test("leads from the memory node to its hart", () => {
    const link = "/sys/devices/system/node/node0/cpu0";
    expect(tree.readlink(link)).toBe("../../cpu/cpu0");
    expect(tree.read(`${link}/online`)).toBe("1\n");
  });

  test("can be changed by nobody", () => {
    const file = "/sys/devices/system/cpu/online";
    for (const flags of [O.WRONLY, O.RDWR]) expect(failure(() => tree.open(file, flags))).toBe("EACCES");
    for (const change of [
      () => tree.mkdir("/sys/new"),
      () => tree.write("/sys/new", "x"),
      () => tree.unlink(file),
      () => tree.rmdir("/sys/bus"),
      () => tree.rename(file, "/sys/devices/system/cpu/other"),
      () => tree.symlink("x", "/sys/new"),
    ])
      expect(failure(change)).toMatch(/^(EPERM|EACCES|ENOENT|EROFS)$/);
    expect(tree.list("/sys")).not.toContain("new");
    expect(tree.read(file)).toBe("0\n");
    expect(tree.stat(file).mode).toBe(FileType.regular | 0o444);
  });

  test("says what it is", () => {
    expect(caller.call("statfs", "/sys/kernel", DATA)).toBe(0);
    expect(caller.memory.readWord(DATA)).toBe(0x6265_6572);
    expect(tree.read("/proc/mounts")).toMatch(/^sysfs \/sys sysfs /m);
    expect(caller.call("openat", -100, "/sys/kernel/cpu_byteorder", O.DIRECTORY)).toBe(-errno.ENOTDIR);
  });
});
