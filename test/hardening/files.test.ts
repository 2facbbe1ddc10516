import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grantDirectory } from "../../src/host/shared-directory.ts";
import { errno } from "../../src/kernel/syscalls/errno.ts";
import type { HostedOptions } from "../../src/machine/hosted-options.ts";
import { attack, wordAt } from "./attack.ts";

/** A guest reaches the directories it was granted and no others, whatever paths it makes up. */
const AT_FDCWD = -100;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_DIRECTORY = 0o200000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-hardening-"));
  for (const name of ["granted", "granted/dir", "readable", "outside"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "outside/secret"), "secret");
  writeFileSync(join(folder, "readable/file"), "as it was");
  writeFileSync(join(folder, "granted/file"), "granted");
  symlinkSync("../outside/secret", join(folder, "granted/relative"));
  symlinkSync(join(folder, "outside/secret"), join(folder, "granted/absolute"));
  symlinkSync("../../outside", join(folder, "granted/dir/up"));
  symlinkSync("/proc/self/root/../..", join(folder, "granted/through-proc"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A mount that can be written, and one that cannot. */
const mounted = (): Pick<HostedOptions, "files" | "shares"> => ({
  files: {
    memory: 1 << 20,
    mounts: [
      { path: "/rw", tag: "rw", readOnly: false },
      { path: "/ro", tag: "ro", readOnly: true },
    ],
  },
  shares: [
    { tag: "rw", tree: grantDirectory(join(folder, "granted"), true) },
    { tag: "ro", tree: grantDirectory(join(folder, "readable"), false) },
  ],
});

const openat = (directory: number | string, path: number, flags = 0): string => `
  li a7, 56
  ${typeof directory === "number" ? `li a0, ${directory}` : `mv a0, ${directory}`}
  la a1, p${path}
  li a2, ${flags}
  li a3, 0x1ff
  ecall`;

/** What the calls return. */
async function results(calls: readonly string[], paths: readonly string[], options: Partial<HostedOptions>) {
  const { machine, register, status } = await attack(
    `_start: la s1, results
      ${calls.map((call, i) => `${call}\n sd a0, ${i * 8}(s1)`).join("\n")}
      li a0, 0
      finish
      ${paths.map((path, i) => `.section .rodata\np${i}: .asciz "${path}"`).join("\n")}
      .bss
      .balign 8
     results: .space ${calls.length * 8}`,
    options,
  );
  expect(status).toEqual({ kind: "exit", code: 0 });
  return calls.map((_, i) => Number(BigInt.asIntN(64, wordAt(machine, register(9) + i * 8))));
}

describe("without grants", () => {
  test("no file of the host is there", async () => {
    const secret = join(folder, "outside/secret");
    const paths = [
      secret,
      `/proc/self/root${secret}`,
      `/proc/self/cwd/..${secret}`,
      process.execPath,
      "/etc/shadow",
    ];
    const opened = await results(
      paths.map((_, i) => openat(AT_FDCWD, i)),
      paths,
      {},
    );
    expect(opened).toEqual(paths.map(() => -errno.ENOENT));
  });
});

describe("a mount", () => {
  test("is not left by dots, links, descriptors or /proc", async () => {
    const secret = join(folder, "outside/secret");
    const paths = [
      "/rw/../outside/secret",
      "/rw/dir/../../outside/secret",
      "/rw/relative",
      "/rw/absolute",
      "/rw/dir/up/secret",
      "/rw/through-proc/outside/secret",
      `/rw/through-proc${secret}`,
      "/proc/self/fd/3/../outside/secret",
      "../outside/secret",
      "../../outside/secret",
      "/rw",
    ];
    const last = paths.length - 1;
    const opened = await results(
      [
        `${openat(AT_FDCWD, last, O_DIRECTORY)}\n mv s3, a0`,
        ...paths.slice(0, 8).map((_, i) => openat(AT_FDCWD, i)),
        openat("s3", 8),
        openat("s3", 9),
      ],
      paths,
      mounted(),
    );
    expect(opened[0]).toBe(3);
    expect(opened.slice(1)).toEqual(new Array(10).fill(-errno.ENOENT));
  });

  test("does not let a name be made outside by link or rename", async () => {
    const paths = ["/rw/file", "/rw/../outside/new", "/rw/dir/up/new", "/ro/new", "/rw/relative"];
    const two = (number: number, from: number, to: number) => `
      li a7, ${number}
      li a0, ${AT_FDCWD}
      la a1, p${from}
      li a2, ${AT_FDCWD}
      la a3, p${to}
      li a4, 0
      ecall`;
    const [LINKAT, RENAMEAT2] = [37, 276];
    const made = await results(
      [1, 2, 3].flatMap((to) => [two(LINKAT, 0, to), two(RENAMEAT2, 0, to)]),
      paths,
      mounted(),
    );
    for (const result of made) expect([-errno.ENOENT, -errno.EXDEV, -errno.EROFS]).toContain(result);
    expect(readdirSync(join(folder, "outside"))).toEqual(["secret"]);
    expect(readFileSync(join(folder, "granted/file"), "utf8")).toBe("granted");
  });

  test("without :rw is not written to, by any way", async () => {
    const paths = ["/ro/file", "/ro/new"];
    const path = (number: number, at: number, more = "") => `
      li a7, ${number}
      li a0, ${AT_FDCWD}
      la a1, p${at}
      li a2, 0
      ${more}
      ecall`;
    const [MKDIRAT, UNLINKAT, FCHMODAT, TRUNCATE] = [34, 35, 53, 45];
    const refused = await results(
      [
        openat(AT_FDCWD, 0, O_RDWR),
        openat(AT_FDCWD, 1, O_RDWR | O_CREAT),
        path(MKDIRAT, 1),
        path(UNLINKAT, 0),
        path(FCHMODAT, 0),
        `li a7, ${TRUNCATE}\n la a0, p0\n li a1, 0\n ecall`,
      ],
      paths,
      mounted(),
    );
    expect(refused).toEqual(new Array(6).fill(-errno.EROFS));
    expect(readFileSync(join(folder, "readable/file"), "utf8")).toBe("as it was");
    expect(readdirSync(join(folder, "readable"))).toEqual(["file"]);
  });

  test("shows only itself: what a shared mapping of a read-only file is written with stays out", async () => {
    const [mapped] = await results(
      [
        `${openat(AT_FDCWD, 0)}
         mv a4, a0
         li a0, 0
         li a1, 4096
         li a2, 3
         li a3, 1
         li a5, 0
         li a7, MMAP
         ecall`,
      ],
      ["/ro/file"],
      mounted(),
    );
    expect(mapped).toBe(-errno.EACCES);
  });
});
