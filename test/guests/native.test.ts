import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileStatic, qemu, type Run, root, runikraft, temporaryFolder } from "./toolchain.ts";

/** The samples of firmware/samples, and the figures of docs/NATIVE.md. */

const folder = temporaryFolder();
const sample = (name: string, ...flags: string[]) =>
  compileStatic(
    join(root, `firmware/samples/${name}.c`),
    join(folder, name),
    "-Wall",
    "-Wextra",
    "-Werror",
    ...flags,
  );

function disk(name: string, bytes: number): string {
  const path = join(folder, name);
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  closeSync(file);
  return path;
}

function expectOutput({ status, stdout, stderr }: Run, output: string | RegExp): void {
  expect(stderr).toBe("");
  if (typeof output === "string") expect(stdout).toBe(output);
  else expect(stdout).toMatch(output);
  expect(status).toBe(0);
}

describe("messages: threads, locks, a mailbox and a ring without a C library", () => {
  const program = sample("messages", "-std=c99", "-pedantic", "-ffreestanding", "-nostdlib");
  // The squares of 1 to 6000.
  const output = "messages 6000\nsum of squares 72018001000\n";

  it("ends as it should, in both kinds of time", () => {
    expectOutput(runikraft(["run", program]), output);
    expectOutput(runikraft(["run", "--deterministic", program]), output);
  });

  it("does so under every scheduler, linked by a Runikraftfile", () => {
    const names = ["rknative", "rknativesched", "rknativempi", "rknativering", "rklock", "rkring", "rkmpi"];
    for (const scheduler of ["rkschedcoop", "rkschedpreem", "rkschedfair"]) {
      const at = join(folder, scheduler);
      mkdirSync(at);
      const libraries = ["standard", scheduler, ...names].map((name) => `  - ${name}\n`).join("");
      writeFileSync(join(at, "Runikraftfile"), `program: ${program}\nlibraries:\n${libraries}`);
      expectOutput(runikraft(["run", "--file", join(at, "Runikraftfile")]), output);
    }
  });

  it("runs with no more than what scan finds that it calls", () => {
    const at = join(folder, "scanned");
    mkdirSync(at);
    const found = runikraft(["scan", "--runikraftfile", program]);
    expect(found.stderr).toBe("");
    expect(found.stdout).toMatch(/rknativempi\n/);
    expect(found.stdout).not.toMatch(/rknativealloc|rknativeblkdev|posix-time/);
    writeFileSync(join(at, "Runikraftfile"), found.stdout);
    expectOutput(runikraft(["run", "--file", at]), output);
  });

  it("says where a library is missing", () => {
    const at = join(folder, "without");
    mkdirSync(at);
    writeFileSync(join(at, "Runikraftfile"), `program: ${program}\nlibraries:\n  - standard\n`);
    const { status, stdout, stderr } = runikraft(["run", "--verbose", "--file", join(at, "Runikraftfile")]);
    expect(stdout).toMatch(/^not so: line \d+\n$/);
    expect(stderr).toContain("rk_version");
    expect(status).toBe(1);
  });
});

describe("allocators: the same work on each of them", () => {
  const program = sample("allocators");

  it("finds every pattern where it was, and the same figures each time", () => {
    const first = runikraft(["run", program]);
    expectOutput(first, /^(rkalloc\w+ +\d+ blocks out, .*\n){4}all as it should be\n$/);
    expect(runikraft(["run", "--no-aslr", program]).stdout).toBe(first.stdout);
  });

  it("finds no native calls under Linux's system calls alone", () => {
    expect(qemu([program])).toMatchObject({ status: 3, stdout: "there are no native calls here\n" });
  });
});

describe("store: records on a disk", () => {
  const program = sample("store");

  it("reads what it wrote, which is then on the disk", () => {
    const composed = disk("composed.img", 4 << 20);
    const image = disk("store.img", 4 << 20);
    const file = join(folder, "Runikraftfile");
    writeFileSync(file, `program: ${program}\ndisks: [{ host: composed.img, writable: true }]\n`);
    for (const [path, options] of [
      [image, ["--disk", `${image}:rw`, program]],
      [composed, ["--file", file]],
    ] as const) {
      expectOutput(runikraft(["run", ...options]), "2000 keys, 4 passes, 128 calls\nall as it should be\n");
      const bytes = readFileSync(path);
      for (const key of [0, 1, 5, 1999]) {
        const slot = Number((BigInt(key) * 2654435761n) % 8192n);
        const record = bytes.subarray(slot * 512, (slot + 1) * 512);
        expect(record.toString("latin1", 0, 7)).toBe("rkstore");
        expect(record.toString("latin1", 32, 60)).toMatch(new RegExp(`^value ${key} of version 2\0`));
      }
    }
  });

  it("is refused by a disk that is read-only, mounted, or not there", () => {
    const image = disk("refused.img", 1 << 20);
    const readOnly = runikraft(["run", "--disk", image, program]);
    expect(readOnly.stdout).toMatch(/not so: request->result == 0/);
    expect(readOnly.status).toBe(1);
    expect(readFileSync(image).every((byte) => byte === 0)).toBe(true);
    execFileSync("/usr/sbin/mke2fs", ["-q", "-t", "ext2", image]);
    expect(runikraft(["run", "--mount", `${image}:/disk:rw`, program])).toMatchObject({
      status: 3,
      stdout: "no queue: -16\n",
    });
    expect(runikraft(["run", program]).status).toBe(3);
  });
});

describe("corners: processes, signals, and ends of what is awaited", () => {
  it("are as the header says", () => {
    const source = join(root, "test/guests/native/corners.c");
    const program = compileStatic(source, join(folder, "corners"), "-D_GNU_SOURCE");
    // In virtual time, since a busy host may let a real millisecond pass before a thread gets to what it is to wait for.
    for (const options of [[], ["--no-aslr"]])
      expectOutput(runikraft(["run", "--deterministic", ...options, program]), "all as it should be\n");
  });
});

describe("docs/NATIVE.md", () => {
  it("has the instruction counts that are measured now, within a twentieth", () => {
    const source = join(root, "bench/native/compare.c");
    const program = compileStatic(source, join(folder, "compare"), "-Wall", "-Wextra", "-Werror");
    const [mounted, raw] = [disk("mounted.img", 8 << 20), disk("raw.img", 4 << 20)];
    execFileSync("/usr/sbin/mke2fs", ["-q", "-t", "ext2", mounted]);
    const disks = ["--mount", `${mounted}:/disk:rw`, "--disk", `${raw}:rw`];
    const run = runikraft(["run", "--deterministic", ...disks, program, "/disk/records", "3"]);
    expect(run.stderr).toBe("");
    const page = readFileSync(join(root, "docs/NATIVE.md"), "utf8");
    const written = [...page.matchAll(/^\| ([^|]+?) \| +(\d+) \| +(\d+) \|/gm)].map(
      ([, name, ...counts]) => ({
        name,
        counts: counts.map(Number),
      }),
    );
    const measured = [...run.stdout.matchAll(/^(.+): (\d+) (\d+) /gm)].map(([, name, ...counts]) => ({
      name,
      counts: counts.map(Number),
    }));
    expect(measured.length).toBe(9);
    expect(written.map(({ name }) => name)).toEqual(measured.map(({ name }) => name));
    const wrong = measured.filter(({ counts }, i) =>
      counts.some((count, j) => Math.abs(count - written[i].counts[j]) > Math.max(1, count / 20)),
    );
    expect(wrong).toEqual([]);
  });
});
