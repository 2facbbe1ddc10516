import { describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { RamFilesystem } from "../kernel/ramfs/filesystem.ts";
import { TtyFile } from "../kernel/tty/tty.ts";
import { O } from "../kernel/vfs/flags.ts";
import { processFiles } from "../kernel/vfs/process-files.ts";
import { failure, Tree } from "../kernel/vfs/tree-fixture.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { guest } from "./hosted-fixture.ts";
import type { HostedOptions } from "./hosted-options.ts";

const FOREVER = "_start: j _start";
const ram = (limit = 1 << 20) => new RamFilesystem({ limit, now: () => 0n });

async function treeOf(options: Partial<HostedOptions> = {}) {
  const { machine } = await guest(FOREVER, options);
  return { machine, tree: new Tree(machine.kernel.use(vfs)) };
}

describe("the file tree", () => {
  test("without grants holds next to nothing, and the program", async () => {
    const { tree } = await treeOf();
    expect(tree.list("/")).toEqual(["dev", "etc", "guest", "proc", "root", "sys", "tmp"]);
    expect(tree.list("/etc")).toEqual(["group", "hosts", "passwd"]);
    expect(tree.stat("/tmp").mode & 0o7777).toBe(0o1777);
    expect(tree.stat("/guest").mode & 0o777).toBe(0o555);
    expect(tree.read("/guest").slice(1, 4)).toBe("ELF");
  });

  test("with a base shows it, and keeps changes in bounded memory", async () => {
    const base = ram();
    const below = new Tree(base);
    below.mkdir("/etc");
    below.write("/etc/passwd", "theirs");
    below.write("/guest", "their own program");
    const { tree } = await treeOf({ files: { memory: 64 << 10, base, mounts: [] } });
    expect(tree.list("/etc")).toEqual(["passwd"]);
    expect(tree.read("/guest")).toBe("their own program");
    tree.write("/etc/passwd", "ours");
    expect(tree.read("/etc/passwd")).toBe("ours");
    expect(failure(() => tree.write("/tmp/big", "x".repeat(64 << 10)))).toBe("ENOSPC");
    expect(below.read("/etc/passwd")).toBe("theirs");
    expect(below.list("/")).toEqual(["etc", "guest"]);
  });

  test("puts nothing into a mount", async () => {
    const mounted = ram();
    const bytes = linkElf(assemble(`.globl _start\n${FOREVER}`));
    const { tree } = await treeOf({
      program: { bytes, path: "/a/b/program" },
      files: { memory: 1 << 20, mounts: [{ path: "/a", filesystem: mounted }] },
    });
    expect(tree.list("/a")).toEqual([]);
    expect(new Tree(mounted).list("/")).toEqual([]);
  });

  test("has mounts where they are wanted, directories made as needed", async () => {
    const mounted = ram();
    new Tree(mounted).write("/f", "mounted");
    const { tree } = await treeOf({
      files: { memory: 1 << 20, mounts: [{ path: "/data/in", filesystem: mounted }] },
    });
    expect(tree.read("/data/in/f")).toBe("mounted");
    expect(
      tree
        .read("/proc/1/mounts")
        .split("\n")
        .map((line) => line.split(" ")[1]),
    ).toContain("/data/in");
  });
});

test("the devices do what they are for", async () => {
  const { tree } = await treeOf();
  const bytes = new Uint8Array(10).fill(9);
  const zero = tree.open("/dev/zero", O.RDWR);
  expect(zero.read(bytes)).toBe(10);
  expect([...bytes]).toEqual(new Array(10).fill(0));
  expect(zero.backing()).toBeUndefined();
  expect(tree.open("/dev/urandom").read(bytes)).toBe(10);
  expect(bytes.some((byte) => byte !== 0)).toBe(true);
  const nothing = tree.open("/dev/null", O.RDWR);
  expect(nothing.read(bytes)).toBe(0);
  expect(nothing.write(bytes)).toBe(10);
  expect(failure(() => tree.open("/dev/full", O.RDWR).write(bytes))).toBe("ENOSPC");
  expect(failure(() => nothing.backing())).toBe("ENODEV");
  expect(tree.stat("/dev/null").rdev).toBe(0x103);
});

describe("/proc", () => {
  test("tells of the process", async () => {
    const { machine, tree } = await treeOf();
    expect(tree.resolve("/proc/1/exe")).toBe("/guest");
    expect(tree.resolve("/proc/1/cwd")).toBe("/");
    expect(tree.read("/proc/1/cmdline")).toBe("guest\0");
    expect(tree.read("/proc/1/comm")).toBe("guest\n");
    expect(tree.list("/proc/1/fd")).toEqual(["0", "1", "2"]);
    expect(tree.resolve("/proc/1/fd/1")).toMatch(/^pipe:\[\d+\]$/);
    expect(tree.read("/proc/1/maps")).toMatch(/^[0-9a-f]+-[0-9a-f]+ rw-p 00000000 00:00 0 +\[stack\]$/m);
    expect(tree.read("/proc/1/stat").trim().split(" ")).toHaveLength(52);
    expect(failure(() => tree.read("/proc/2/stat"))).toBe("ENOENT");
    expect(failure(() => tree.find("/proc/1/fd/9"))).toBe("ENOENT");
    expect(failure(() => tree.write("/proc/new", ""))).toBe("ENOENT");
    // Only a process that runs is itself.
    expect(failure(() => tree.find("/proc/self/"))).toBe("ENOENT");
    await machine.run(10);
    expect(tree.resolve("/proc/self/")).toBe("/proc/1");
  });

  test("tells of the machine", async () => {
    const { tree } = await treeOf();
    const kib = (name: string) =>
      Number(tree.read("/proc/meminfo").match(new RegExp(`^${name}: +(\\d+) kB$`, "m"))?.[1]);
    expect(kib("MemTotal")).toBeGreaterThan(15 << 10);
    expect(kib("MemFree")).toBeLessThanOrEqual(kib("MemTotal"));
    expect(tree.read("/proc/cpuinfo")).toContain("\nisa\t\t: rv64imafdc_");
    expect(tree.read("/proc/uptime")).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
    expect(tree.list("/proc")).toContain("1");
  });
});

describe("a terminal", () => {
  const at = (terminal: boolean) => {
    const keys: number[] = [];
    const shown: string[] = [];
    const port = { terminal, write: (bytes: Uint8Array) => shown.push(Buffer.from(bytes).toString()) };
    const console: HostedOptions["console"] = {
      input: { terminal, read: (max) => Uint8Array.from(keys.splice(0, max)), onInput: () => {} },
      output: port,
      error: port,
      size: () => ({ rows: 7, columns: 9 }),
      onResize: () => {},
    };
    const type = (text: string) => {
      keys.push(...Buffer.from(text));
      console.input.onInput();
    };
    return { console, type, shown };
  };

  test("is descriptors 0 to 2 of who sits at one, and only of them", async () => {
    for (const terminal of [true, false]) {
      const { machine } = await guest(FOREVER, { console: at(terminal).console });
      const { fds } = machine.process.get(processFiles);
      for (const fd of [0, 1, 2])
        expect(fds.get(fd).file instanceof TtyFile, `${terminal} ${fd}`).toBe(terminal);
    }
  });

  test("sends Ctrl-C to a program that never reads", async () => {
    const { console, type, shown } = at(true);
    const { machine } = await guest(FOREVER, { console });
    await machine.run(1000);
    type("\x03");
    expect(await machine.run(1_000_000)).toMatchObject({ kind: "signal", signal: 2 });
    expect(shown.join("")).toBe("^C");
  });

  test("ignores Ctrl-Z where nobody could continue the program", async () => {
    const { console, type } = at(true);
    const { machine } = await guest(FOREVER, { console });
    await machine.run(1000);
    type("\x1a");
    expect(await machine.run(1000)).toBeUndefined();
    expect(machine.process.threads[0].state).toBe("running");
  });
});

test("a program takes no input that it does not look for", async () => {
  let asked = 0;
  const console: HostedOptions["console"] = {
    input: {
      terminal: false,
      read: () => {
        asked++;
        return undefined;
      },
      onInput: () => {},
    },
    output: { terminal: false, write: () => {} },
    error: { terminal: false, write: () => {} },
    size: () => ({ rows: 1, columns: 1 }),
    onResize: () => {},
  };
  const exit = "_start: li a0, 0\n li a7, EXIT\n ecall";
  const { machine } = await guest(exit, { console });
  expect(await machine.run()).toEqual({ kind: "exit", code: 0 });
  expect(asked).toBe(0);
  const reads = `_start: li a0, 0\n la a1, buffer\n li a2, 1\n li a7, READ\n ecall\n li a7, EXIT\n ecall\n .bss\nbuffer: .space 8`;
  const reader = await guest(reads, { console });
  expect(await reader.machine.run()).toEqual({ kind: "exit", code: 0 });
  expect(asked).toBe(1);
});
