import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { assembled, cli, file, folder, runikraft } from "./command-line.ts";

/** Images built by our own assembler. */

const boot = (elf: string, ...options: string[]) =>
  runikraft(["boot", "--bios", "none", "--kernel", elf, ...options]);

/** Ends through HTIF with the code in a0. */
const END = `
end:    slli a0, a0, 1
        ori a0, a0, 1
        la t0, tohost
        sd a0, 0(t0)
stay:   j stay
        .data
        .balign 8
        .globl tohost, fromhost
tohost: .dword 0
fromhost: .dword 0
`;

const image = (name: string, code: string) =>
  assembled(name, `.text\n.globl _start\n_start:\n${code}\n${END}`, "--base", "0x80000000");

describe("boot --bios none", () => {
  it("ends with the code that the image reports", () => {
    expect(boot(image("pass", "li a0, 0")).status).toBe(0);
    expect(boot(image("fail", "li a0, 37")).status).toBe(37);
  });

  it("says with --jit-stats what was translated", () => {
    const loop = image("loop", "li t1, 100000\n1: addi t1, t1, -1\nbnez t1, 1b\nli a0, 0");
    const { status, stderr } = boot(loop, "--jit", "on", "--jit-stats");
    expect(status).toBe(0);
    expect(stderr).toMatch(/^runikraft: JIT: \d+ regions translated, .*\n$/);
    expect(boot(loop, "--jit", "off", "--jit-stats").stderr).toMatch(/^runikraft: JIT: off, .*\n$/);
  });

  it("never takes a failure for a pass: code 256 is not 0", () => {
    expect(boot(image("wide", "li a0, 256")).status).toBe(1);
  });

  it("prints what the image writes to the UART", () => {
    const code = `
      la s0, text
      li s1, 0x10000000
  1:  lbu t0, 0(s0)
      beqz t0, 2f
      sb t0, 0(s1)
      addi s0, s0, 1
      j 1b
  2:  li a0, 0
      j end
      .section .rodata
text: .asciz "in machine mode\\n"
      .text`;
    const { status, stdout, stderr } = boot(image("uart", code));
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "in machine mode\n", stderr: "" });
  });

  it("runs the sample in firmware/bare, traps and all", () => {
    const sample = fileURLToPath(new URL("../../firmware/dist/bare-hello.elf", import.meta.url));
    const { status, stdout, stderr } = boot(sample);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("Hello from machine mode.\nA trap: cause 2, tval 0xffff.\n");
  });

  it("starts in M-mode with the hart's number in a0 and the device tree in a1", () => {
    const code = "csrr t0, mstatus\nlwu t0, 0(a1)\nli t1, 0xedfe0dd0\nsub t0, t0, t1\nor a0, a0, t0\nj end";
    expect(boot(image("start", code)).status).toBe(0);
  });

  it("gives up at --max-instructions and says so", () => {
    const { status, stderr } = boot(image("loop", "j ."), "--max-instructions", "1000");
    expect(stderr).toBe("runikraft: stopped after 1000 instructions (--max-instructions)\n");
    expect(status).toBe(124);
  });

  it("says when nothing can happen any more", () => {
    const { status, stderr } = boot(image("sleep", "1: wfi\nj 1b"));
    expect(stderr).toMatch(/^runikraft: stopped: the machine waits for an interrupt/);
    expect(status).toBe(1);
  });

  it("refuses an image outside of RAM", () => {
    const low = assembled("low", ".globl _start\n_start: nop\n");
    const { status, stderr } = boot(low);
    expect(status).toBe(3);
    expect(stderr).toMatch(/lies below RAM .*`runikraft run` starts it$/m);
  });
});

/** Sends what it gets from the UART back, one letter on, until a full stop: then it powers off with code 5. */
const ECHO = `
      li s0, 0x10000000
1:    lbu t0, 5(s0)
      andi t0, t0, 1
      beqz t0, 1b
      lbu t0, 0(s0)
      addi t1, t0, 1
      sb t1, 0(s0)
      li t1, '.'
      bne t0, t1, 1b
      li t0, 0x100000
      li t1, 0x53333
      sw t1, 0(t0)
      j .`;

/** Prints the letters from A on, one each 50,000 rounds, until it is stopped; the letter is in memory. */
const LETTERS = `
      li s0, 0x10000000
      la s1, letter
1:    li t0, 50000
2:    addi t0, t0, -1
      bnez t0, 2b
      lw t1, 0(s1)
      sb t1, 0(s0)
      addi t1, t1, 1
      sw t1, 0(s1)
      j 1b
      .data
letter: .word 'A'
      .text`;

describe("boot", () => {
  it("connects a pipe to the UART and powers off with the guest's code", () => {
    const { status, stdout, stderr } = runikraft(["boot", "--bios", "none", image("echo", ECHO)], {
      input: "HAL\x00.",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 5, stdout: "IBM\x01/", stderr: "" });
  });

  /** By the SBI: prints "sbi", then shuts down as after a failure. */
  const SBI = `
_start: la s0, text
  1:  lbu a0, 0(s0)
      beqz a0, 2f
      li a7, 1
      ecall
      addi s0, s0, 1
      j 1b
  2:  li a7, 0x53525354
      li a6, 0
      li a0, 0
      li a1, 1
      ecall
      j .
text: .asciz "sbi\\n"`;

  it("starts a kernel in S-mode above the built-in firmware, gzip or not", () => {
    const elf = assembled("sbi", `.globl _start\n${SBI}`, "--base", "0x80200000");
    const packed = file("sbi.gz", gzipSync(readFileSync(elf)));
    for (const kernel of [elf, packed]) {
      const { status, stdout } = runikraft(["boot", "--smp", "2", "-m", "16M", kernel]);
      expect(stdout).toBe("sbi\n");
      expect(status).toBe(1);
    }
  });

  it("takes an image alone as raw code where it is nothing else", () => {
    const elf = readFileSync(assembled("raw", `.globl _start\n${SBI}`, "--base", "0x80200000"));
    // The one segment of a program without data, as it lies in the file.
    const start = elf.indexOf(Buffer.from([0x17, 0x04]));
    const { stdout } = runikraft(["boot", file("raw.bin", elf.subarray(start, start + 4096))]);
    expect(stdout).toBe("sbi\n");
  });

  it("writes the device tree of a machine, with what it would boot and without", () => {
    const path = join(folder, "tree.dtb");
    expect(runikraft(["boot", "--dump-dtb", path, "--smp", "3", "-m", "64M"]).status).toBe(0);
    const text = (...args: string[]) =>
      spawnSync("dtc", ["-q", "-I", "dtb", "-O", "dts", ...args, path], { encoding: "utf8" });
    expect(text().stderr).toBe("");
    expect(text().stdout.match(/cpu@\d/g)).toEqual(["cpu@0", "cpu@1", "cpu@2"]);
    const initrd = file("initrd", "hello");
    const kernel = ["--kernel", image("tree", "j ."), "--initrd", initrd, "--append", "a b=c"];
    expect(runikraft(["boot", "--bios", "none", ...kernel, "--dump-dtb", path]).status).toBe(0);
    expect(text().stdout).toMatch(/bootargs = "a b=c"/);
    expect(text().stdout).toMatch(/linux,initrd-start/);
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("is the same every time with --deterministic, and another one with another seed", () => {
    const seed = `la t0, 1f
      lw a0, 0(a1)
      csrr t1, time
      mv s0, a1
      li s1, 0x10000000
      li s2, 4096
  1:  lbu t0, 0(s0)
      sb t0, 0(s1)
      addi s0, s0, 1
      addi s2, s2, -1
      bnez s2, 1b
      li a0, 0`;
    const run = (...options: string[]) =>
      runikraft(["boot", "--bios", "none", image("seed", seed), "--deterministic", ...options]).stdout;
    expect(run()).toBe(run("--seed", "0"));
    expect(run()).not.toBe(run("--seed", "1"));
  });
});

describe("devices", () => {
  it("that are there by default can be left out, and be added again", () => {
    // Device IDs (VIRTIO 1.2, section 5) in the last two slots: 3 console, 4 rng.
    const code =
      "li t0, 0x10007008\nlw a0, 0(t0)\nslli a0, a0, 4\nli t0, 0x10008008\nlw t1, 0(t0)\nor a0, a0, t1";
    const kernel = image("slots", code);
    expect(boot(kernel).status).toBe(0x34);
    expect(boot(kernel, "--nodefaults").status).toBe(0);
    expect(boot(kernel, "--nodefaults", "--device", "virtio-rng").status).toBe(0x04);
    expect(boot(kernel, "--device", "virtio-rng").status).toBe(0x34);
  });
});

describe("drives", () => {
  const kernel = () => image("drives", "li a0, 0");
  const disk = (name: string) => file(name, new Uint8Array(65536));

  it("are refused where they are used twice, are no raw image, or are too many", () => {
    const path = disk("twice.img");
    const boot = (...drives: string[]) => {
      const flags = drives.flatMap((drive) => ["--drive", drive]);
      return runikraft(["boot", "--bios", "none", kernel(), ...flags]);
    };
    expect(boot(path).status).toBe(0);
    expect(boot(path, path)).toMatchObject({ status: 3, stderr: expect.stringContaining(path) });
    expect(boot(`${path},readonly`, `${path},snapshot`).status).toBe(0);
    const qcow = file("disk.qcow2", Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(1020)]));
    expect(boot(qcow).stderr).toMatch(/^runikraft: .*qemu-img convert.*\n$/);
    expect(boot(join(folder, "absent")).status).toBe(3);
    expect(boot(...Array.from({ length: 7 }, (_, i) => disk(`${i}.img`))).stderr).toMatch(
      /^runikraft: 7 virtio devices are asked for/,
    );
  });
});

describe("a saved machine", () => {
  const letters = image("letters", LETTERS);
  const bare = ["boot", "--bios", "none", letters, "--deterministic"];
  const save = join(folder, "letters.save");

  it("goes on where --max-instructions ended it", () => {
    const whole = runikraft([...bare, "--max-instructions", "2000000"]).stdout;
    const first = runikraft([...bare, "--max-instructions", "1000000", "--save", save]);
    expect(first.status).toBe(124);
    expect(first.stderr).toContain(`the machine is saved to ${save}`);
    const second = runikraft(["boot", "--load", save, "--max-instructions", "1000000"]);
    expect(second).toMatchObject({ status: 124, stdout: whole.slice(first.stdout.length) });
    expect(first.stdout.length).toBeGreaterThan(5);
    expect(second.stdout.length).toBeGreaterThan(5);
  });

  it("is not written where the guest powers off", () => {
    const path = join(folder, "off.save");
    expect(boot(image("off", "li a0, 3"), "--save", path).status).toBe(3);
    expect(existsSync(path)).toBe(false);
  });

  it("is written when a signal ends us, which is how we end then", async () => {
    const path = join(folder, "signal.save");
    const args = [cli, "boot", "--bios", "none", letters, "--save", path];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
    child.stdout.once("data", () => child.kill("SIGTERM"));
    const signal = await new Promise((resolve) => child.on("exit", (_, name) => resolve(name)));
    expect(signal).toBe("SIGTERM");
    const { stdout } = runikraft(["boot", "--load", path, "--max-instructions", "500000"]);
    expect(stdout.charCodeAt(0)).toBeGreaterThan("A".charCodeAt(0));
  });

  it("is refused in one line where it is damaged, cut off, none, or does not fit", () => {
    const bytes = readFileSync(save);
    const broken = Uint8Array.from(bytes);
    broken[bytes.length >> 1] ^= 4;
    const damaged = join(folder, "broken.save");
    for (const [contents, text] of [
      [broken, /damaged/],
      [bytes.subarray(0, 5000), /damaged/],
      [Buffer.from("hello"), /not a saved machine/],
      [Buffer.alloc(0), /not a saved machine/],
    ] as const) {
      writeFileSync(damaged, contents);
      const { status, stdout, stderr } = runikraft(["boot", "--load", damaged]);
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^runikraft: [^\n]*${text.source}[^\n]*\n$`));
    }
    const more = runikraft(["boot", "--load", save, "--drive", file("more.img", new Uint8Array(4096))]);
    expect(more.stderr).toMatch(/^runikraft: .* where this machine has virtio-blk\n$/);
    expect(runikraft(["boot", "--load", join(folder, "absent")]).status).toBe(3);
  });
});
