import { describe, expect, test } from "vitest";
import type { HostConsole } from "../../machine/host-console.ts";
import { STANDARD } from "../../machine/libraries.ts";
import { RefusedError } from "../../messages/errors.ts";
import { Ext2Filesystem } from "../ext2/filesystem.ts";
import { makeImage } from "../ext2/image-fixture.ts";
import type { Kernel } from "../kernel.ts";
import { DATA, testKernel } from "../kernel-fixture.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { type BlockDevice, blockDevices } from "../rkblkdev/block-device.ts";
import { RamDisk } from "../rkblkdev/ram-disk.ts";
import { errno } from "../syscalls/errno.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import { O } from "../vfs/flags.ts";
import { FileType } from "../vfs/inode.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import type { FileTree } from "./library.ts";

const MEMORY = 1 << 20;

/** A file system in memory with these files. */
function filesystem(files: Record<string, string> = {}): Filesystem {
  const made = new RamFilesystem({ limit: MEMORY, now: () => 0n });
  const tree = new Tree(made);
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/").slice(1, -1);
    parts.forEach((_, i) => {
      const directory = `/${parts.slice(0, i + 1).join("/")}`;
      if (failure(() => tree.find(directory)) !== "") tree.mkdir(directory);
    });
    tree.write(path, text);
  }
  return made;
}

const kernelWith = (files: Partial<FileTree>) =>
  testKernel({ files: { memory: MEMORY, mounts: [], ...files } });
const treeWith = async (files: Partial<FileTree>) => (await kernelWith(files)).tree;

describe("a root without a base", () => {
  test("has what every program expects, and the program itself to read and run", async () => {
    const tree = await treeWith({});
    expect(tree.list("/")).toEqual(["dev", "etc", "guest", "proc", "root", "sys", "tmp"]);
    expect(["/etc", "/root", "/tmp"].map((path) => tree.stat(path).mode & 0o7777)).toEqual([
      ...[0o755, 0o700, 0o1777],
    ]);
    expect(tree.read("/etc/passwd")).toMatch(/^root:x:0:0:/);
    expect(tree.read("/etc/group")).toMatch(/^root:x:0:/);
    expect(tree.read("/etc/hosts")).toMatch(/^127\.0\.0\.1\s+localhost$/m);
    expect(tree.stat("/guest")).toMatchObject({ mode: FileType.regular | 0o555, uid: 0 });
    const start = new Uint8Array(4);
    tree.open("/guest").read(start);
    expect([...start]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
  });

  test("has devices, processes and the system in their places", async () => {
    const tree = await treeWith({});
    const mounts = tree
      .read("/proc/1/mounts")
      .split("\n")
      .map((line) => line.split(" ").slice(1, 3).join(" "));
    for (const mount of ["/dev devtmpfs", "/dev/pts devpts", "/proc proc", "/sys sysfs"])
      expect(mounts).toContain(mount);
    expect(tree.list("/dev/pts")).toEqual(["ptmx"]);
  });

  test("takes no more memory than was said", async () => {
    const tree = await treeWith({ memory: 64 << 10 });
    expect(failure(() => tree.write("/tmp/large", "x".repeat(128 << 10)))).toBe("ENOSPC");
    tree.unlink("/tmp/large");
    tree.write("/tmp/small", "x".repeat(1000));
    expect(tree.stat("/tmp/small").size).toBe(1000);
  });
});

describe("a root with a base", () => {
  test("shows the base, makes what is missing in it, and adds nothing else", async () => {
    const base = filesystem({ "/etc/motd": "hello", "/tmp/old": "kept" });
    const tree = await treeWith({ base });
    expect(tree.list("/etc")).toEqual(["motd"]);
    expect(tree.list("/")).toEqual(["dev", "etc", "guest", "proc", "root", "sys", "tmp"]);
    expect(tree.read("/tmp/old")).toBe("kept");
  });

  test("keeps changes in memory, beside the base", async () => {
    const base = filesystem({ "/etc/motd": "hello", "/bin/tool": "x" });
    const tree = await treeWith({ base });
    tree.write("/etc/motd", "changed");
    tree.unlink("/bin/tool");
    tree.write("/bin/new", "n");
    expect([tree.read("/etc/motd"), tree.list("/bin")]).toEqual(["changed", ["new"]]);
    const beneath = new Tree(base);
    expect([beneath.read("/etc/motd"), beneath.list("/bin"), beneath.list("/")]).toEqual([
      ...["hello", ["tool"], ["bin", "etc"]],
    ]);
  });

  test("puts the program there only where nothing is", async () => {
    const own = await treeWith({ base: filesystem({ "/guest": "the base's own" }) });
    expect(own.read("/guest")).toBe("the base's own");
  });
});

describe("mounts", () => {
  test("make the directories that they need, and hide what was there", async () => {
    const tree = await treeWith({
      base: filesystem({ "/data/old": "o" }),
      mounts: [
        { path: "/data", filesystem: filesystem({ "/new": "n" }) },
        { path: "/a/b/c", filesystem: filesystem({ "/deep": "d" }) },
        { path: "/data/inner", filesystem: filesystem({ "/x": "y" }) },
      ],
    });
    expect(tree.list("/data")).toEqual(["inner", "new"]);
    expect([tree.read("/a/b/c/deep"), tree.read("/data/inner/x")]).toEqual(["d", "y"]);
  });

  /** Why the kernel cannot be made. */
  const refusal = (made: Promise<unknown>) =>
    made.then(
      () => "it can",
      (error: unknown) => (error instanceof RefusedError ? error.message : `not refused: ${error}`),
    );

  test("that cannot be are refused with their reason", async () => {
    const mount = (path: string) => ({ path, filesystem: filesystem() });
    const refused = (...mounts: FileTree["mounts"]) => refusal(kernelWith({ mounts }));
    expect(await refused(mount("/"))).toMatch(/^cannot mount on \/: that is the root/);
    expect(await refused(mount("/etc/passwd"))).toMatch(/^cannot mount on \/etc\/passwd: .* no directory/);
    expect(await refused(mount("/etc/passwd/x"))).toMatch(/no directory/);
    const disk = new RamDisk(makeImage({}));
    const ext2 = (readOnly: boolean) =>
      new Ext2Filesystem(disk, { readOnly, now: () => 0n, after: () => {} });
    const writable = ext2(false);
    new Tree(writable).mkdir("/there");
    writable.unmount();
    const readOnly = { path: "/ro", filesystem: ext2(true) };
    expect(await refused(readOnly, mount("/ro/new"))).toMatch(/^cannot mount on \/ro\/new: .*read-only/);
    const tree = await treeWith({ mounts: [readOnly, mount("/ro/there")] });
    expect(tree.list("/ro/there")).toEqual([]);
  });

  test("of disks are file systems on those, read-only where that is asked for", async () => {
    const disks: BlockDevice[] = [new RamDisk(makeImage({}), "one"), new RamDisk(makeImage({}), "two")];
    const library = {
      name: "test-disks",
      summary: () => "",
      provides: [blockDevices],
      needs: [],
      start: (kernel: Kernel) => kernel.provide(blockDevices, disks),
    };
    const make = (...mounts: FileTree["mounts"]) => {
      const files = { memory: MEMORY, mounts };
      return testKernel({ linked: [...STANDARD, { name: "ext2" }], libraries: [library], files });
    };
    const { tree } = await make(
      { path: "/one", disk: 0, readOnly: false },
      { path: "/two", disk: 1, readOnly: true },
    );
    tree.write("/one/f", "text");
    expect(tree.read("/one/f")).toBe("text");
    expect(failure(() => tree.write("/two/f", "text"))).toBe("EROFS");
    expect(await refusal(make({ path: "/x", disk: 2, readOnly: false }))).toMatch(
      /^cannot mount on \/x: the machine has no disk 2/,
    );
  });
});

describe("standard files", () => {
  const TCGETS = 0x5401;
  const console = (input: boolean, output: boolean, error: boolean): HostConsole => ({
    input: { terminal: input, read: () => new Uint8Array(0), onInput: () => {} },
    output: { terminal: output, write: () => {} },
    error: { terminal: error, write: () => {} },
    size: () => ({ rows: 24, columns: 80 }),
    onResize: () => {},
  });

  test("are bare streams where nobody sits at them, each for its direction", async () => {
    const kernel = await testKernel();
    const { first } = kernel;
    expect([0, 1, 2].map((fd) => first.call("fcntl", fd, 3) & O.ACCMODE)).toEqual([
      ...[O.RDONLY, O.WRONLY, O.WRONLY],
    ]);
    for (const fd of [0, 1, 2]) expect(first.call("ioctl", fd, TCGETS, DATA)).toBe(-errno.ENOTTY);
    first.memory.write(DATA, Buffer.from("out"));
    expect([first.call("write", 1, DATA, 3), first.call("write", 0, DATA, 3)]).toEqual([3, -errno.EBADF]);
    kernel.machine.board.flush();
    expect(kernel.output()).toBe("out");
    expect([first.call("read", 1, DATA, 3), first.call("lseek", 0, 0, 0)]).toEqual([
      ...[-errno.EBADF, -errno.ESPIPE],
    ]);
    const read = first.start("read", 0, DATA, 10);
    expect(read.result).toBeUndefined();
    kernel.type("in");
    kernel.settle();
    expect([read.result, first.text(DATA, 2)]).toEqual([2, "in"]);
    // The same stream under another name.
    const again = first.call("openat", -100, "/proc/self/fd/1", O.WRONLY);
    expect(first.call("write", again, DATA, 2)).toBe(2);
  });

  test("are the console where a person sits at them, which then controls the first process", async () => {
    const { first } = await testKernel({ console: console(true, false, true) });
    expect([0, 1, 2].map((fd) => first.call("ioctl", fd, TCGETS, DATA))).toEqual([0, -errno.ENOTTY, 0]);
    expect([0, 2].map((fd) => first.call("fcntl", fd, 3) & O.ACCMODE)).toEqual([O.RDWR, O.RDWR]);
    expect(first.call("openat", -100, "/dev/tty", O.RDWR)).toBe(3);
    expect(first.call("readlinkat", -100, "/proc/self/fd/0", DATA, 100)).toBe(12);
    expect(first.text(DATA, 12)).toBe("/dev/console");
    const TIOCGPGRP = 0x540f;
    expect(first.call("ioctl", 0, TIOCGPGRP, DATA)).toBe(0);
    expect(first.memory.readI32(DATA)).toBe(first.process.pid);
  });

  test("are a terminal without a name where a mount hides /dev", async () => {
    const { first } = await testKernel({
      console: console(true, true, true),
      files: { memory: MEMORY, mounts: [{ path: "/dev", filesystem: filesystem({ "/mine": "" }) }] },
    });
    for (const fd of [0, 1, 2]) expect(first.call("ioctl", fd, TCGETS, DATA)).toBe(0);
    expect(first.call("openat", -100, "/dev/console", O.RDWR)).toBe(-errno.ENOENT);
  });
});
