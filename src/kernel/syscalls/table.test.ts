import { expect, test } from "vitest";
import type { Library } from "../library.ts";
import { errno, errnoName } from "./errno.ts";
import { partial } from "./row.ts";
import { syscallName, syscallTable } from "./table.ts";

test("every system call has a row, in order, those of no library with nothing", () => {
  const library: Library = {
    name: "posix-files",
    summary: () => "",
    provides: [],
    needs: [],
    syscalls: [partial("openat", "no O_TMPFILE", () => 0)],
  };
  const table = syscallTable([library]);
  expect(table.length).toBeGreaterThan(300);
  expect(table.map(({ number }) => number)).toEqual(table.map(({ number }) => number).sort((a, b) => a - b));
  expect(new Set(table.map(({ number }) => number)).size).toBe(table.length);
  expect(table.find(({ number }) => number === 56)).toEqual({
    number: 56,
    name: "openat",
    library: "posix-files",
    support: "partial",
    note: "no O_TMPFILE",
  });
  expect(table.find(({ name }) => name === "bpf")).toMatchObject({
    number: 280,
    library: "",
    support: "none",
  });
});

test("numbers have the names that riscv64 Linux gives them", () => {
  const numbers = {
    25: "fcntl",
    64: "write",
    94: "exit_group",
    222: "mmap",
    258: "riscv_hwprobe",
    291: "statx",
    435: "clone3",
  };
  for (const [number, name] of Object.entries(numbers)) expect(syscallName(Number(number))).toBe(name);
  expect(syscallName(1000)).toBe("syscall_0x3e8");
});

test("errors have one name each where Linux has two", () => {
  expect(errnoName(errno.EAGAIN)).toBe("EAGAIN");
  expect(errnoName(errno.EDEADLK)).toBe("EDEADLK");
  expect(errnoName(errno.EOPNOTSUPP)).toBe("EOPNOTSUPP");
  expect(errnoName(133)).toBe("EHWPOISON");
});
