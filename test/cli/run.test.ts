import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { assembled, file, folder, runikraft } from "./command-line.ts";

/** Hosted programs built by our own assembler, run as a user runs them. */

const program = (name: string, code: string) =>
  assembled(name, `.option pic\n.text\n.globl _start\n_start:\n${code}\n`);

/** Leaves with the number in a0. */
const EXIT = "li a7, 93\necall\n";

/** Writes argc, then every argument and environment string, each on a line. */
const WORDS = program(
  "words",
  `
        ld s1, 0(sp)
        addi s0, sp, 8
next:   ld a0, 0(s0)
        addi s0, s0, 8
        bnez a0, say
        bgez s1, environment
        li a0, 0
        ${EXIT}
environment:
        li s1, -1
        la a0, line
say:    mv a1, a0
length: lbu t0, 0(a1)
        addi a1, a1, 1
        bnez t0, length
        sub a2, a1, a0
        addi a2, a2, -1
        mv a1, a0
        li a0, 1
        li a7, 64
        ecall
        li a0, 1
        la a1, newline
        li a2, 1
        ecall
        j next
        .section .rodata
line:   .asciz "--"
newline: .ascii "\\n"
`,
);

/** Copies its input to its output. */
const COPY = program(
  "copy",
  `
again:  li a0, 0
        la a1, buffer
        li a2, 512
        li a7, 63
        ecall
        blez a0, done
        mv a2, a0
        li a0, 1
        li a7, 64
        ecall
        j again
done:   ${EXIT}
        .bss
buffer: .space 512
`,
);

/** Prints where its stack is: the layout, as the guest sees it. */
const WHERE = program(
  "where",
  `
        addi sp, sp, -16
        sd sp, 0(sp)
        li a0, 1
        mv a1, sp
        li a2, 8
        li a7, 64
        ecall
        li a0, 0
        ${EXIT}`,
);

const LOOP = program("loop", "1: addi a0, a0, 1\nj 1b");

describe("a program's world", () => {
  it("is its arguments and environment, and its exit status is ours", () => {
    const { status, stdout, stderr } = runikraft(["run", "--env", "A=b c", WORDS, "one", "--mem", "-h"]);
    expect(stdout).toMatch(/^\/bin\/words\.elf\none\n--mem\n-h\n--\n/);
    expect(stdout).toContain("\nA=b c\n");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(runikraft(["run", program("seven", `li a0, 7\n${EXIT}`)]).status).toBe(7);
  });

  it("gets nothing of our environment but the terminal's kind", () => {
    const { stdout } = runikraft(["run", WORDS], { env: { SECRET_TOKEN: "x", TERM: "vt220" } });
    expect(stdout).not.toContain("SECRET_TOKEN");
    expect(stdout).toContain("TERM=vt220\n");
  });

  it("has our input and output, byte for byte", () => {
    const input = Array.from({ length: 3000 }, (_, i) => `line ${i} \u00e9\n`).join("");
    const { status, stdout } = runikraft(["run", COPY], { input });
    expect(status).toBe(0);
    expect(stdout).toBe(input);
  });
});

describe("the layout", () => {
  const where = (...options: string[]) => runikraft(["run", ...options, WHERE]).stdout;

  it("differs each time, is the same for a seed, and fixed without randomisation", () => {
    expect(where()).not.toBe(where());
    expect(where("--aslr-seed", "99")).toBe(where("--aslr-seed=99"));
    expect(where("--aslr-seed", "99")).not.toBe(where("--aslr-seed", "100"));
    expect(where("--no-aslr")).toBe(where("--no-aslr"));
  });

  it("is shown by --banner, with the libraries, on stderr only", () => {
    const { stdout, stderr } = runikraft([
      "run",
      "--banner",
      "--aslr-seed",
      "5",
      program("none", `li a0, 0\n${EXIT}`),
    ]);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^runikraft: Runikraft \d/);
    for (const library of ["rkallocbuddy", "rkschedfair", "rkswrand", "rkvfs"])
      expect(stderr).toContain(library);
    expect(stderr).toMatch(/seed 5/);
    expect(stderr).toMatch(/^ +[\da-f]{10}-[\da-f]{10} {2}stack$/m);
  });
});

describe("a hostile program", () => {
  const WX = "la t0, _start\nsd t0, 0(t0)\n";

  it("cannot write to its code, and the report says where it was", () => {
    const { status, stdout, stderr } = runikraft(["run", "--aslr-seed", "4", program("wx", WX)]);
    expect(status).toBe(139);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^runikraft: killed by SIGSEGV \(signal 11\): writing 0x[\da-f]+, in \/bin\/wx\.elf, which is r-x/,
    );
    expect(stderr).toMatch(/=> [\da-f]+ <_start\+0x8>: .* sd t0,0\(t0\)/);
    expect(stderr).toContain("--aslr-seed 4");
  });

  it("gets no page that is writable and executable, unless --allow-wx is given", () => {
    const map = program(
      "map",
      `li a0, 0\nli a1, 4096\nli a2, 7\nli a3, 0x22\nli a4, -1\nli a5, 0\nli a7, 222\necall\nsrli a0, a0, 63\n${EXIT}`,
    );
    expect(runikraft(["run", map]).status).toBe(1);
    expect(runikraft(["run", "--allow-wx", map]).status).toBe(0);
    // Only these: by their paths in the guest.
    const name = `/bin/${basename(map)}`;
    expect(runikraft(["run", `--allow-wx=/bin/other,${name}`, map]).status).toBe(0);
    expect(runikraft(["run", "--allow-wx=/bin/other", "--allow-wx=/bin", map]).status).toBe(1);
    const { status, stderr } = runikraft(["run", "--allow-wx=map", map]);
    expect(status).toBe(2);
    expect(stderr).toContain('the guest path "map" does not start with /');
  });

  it("that jumps nowhere, or into page zero, is told so", () => {
    const zero = runikraft(["run", program("zero", "li t0, 0\njr t0")]);
    expect(zero.stderr).toMatch(/executing 0x0, a null pointer/);
    expect(zero.stderr).toMatch(/nothing readable there/);
    const far = runikraft(["run", program("far", "li t0, -4096\nld t1, 0(t0)")]);
    expect(far.stderr).toMatch(/reading 0xfffffffffffff000, which is no address/);
    expect(far.status).toBe(139);
  });

  it("dies of a misaligned atomic access, of data as code, and with a stack pointer that points nowhere", () => {
    const first = (code: string) => {
      const { status, stderr } = runikraft(["run", program("dies", code)]);
      expect(status).toBeGreaterThan(128);
      expect(stderr).toContain("--aslr-seed ");
      return stderr.split("\n")[0];
    };
    expect(first("la t0, _start\naddi t0, t0, 2\nlr.w t1, (t0)")).toMatch(/SIGBUS .* is not aligned/);
    expect(first("la t0, x\njr t0\n.data\nx: .word 0x13")).toMatch(/executing .*, which is rw-/);
    expect(first("li sp, -8\nli s0, -16\nunimp")).toMatch(/SIGILL \(signal 4\): illegal instruction at 0x/);
  });

  it("is stopped by --max-instructions, exactly", () => {
    const { status, stderr } = runikraft(["run", "--max-instructions", "123457", "--stats", "--json", LOOP]);
    expect(status).toBe(124);
    const [text, json] = stderr.trim().split("\n");
    expect(text).toBe("runikraft: stopped after 123457 instructions (--max-instructions)");
    expect(JSON.parse(json).instructions).toBe(123457);
  });

  it("has no host file without a grant, and only reads from a read-only one", () => {
    mkdirSync(join(folder, "grant"));
    file("grant/text", "granted\n");
    const open = (path: string, flags: number) =>
      program(
        `open${flags}`,
        `li a0, -100\nla a1, path\nli a2, ${flags}\nli a3, 0644\nli a7, 56\necall\nsrli a0, a0, 63\n${EXIT}
        .section .rodata\npath: .asciz "${path}"\n`,
      );
    const mount = `${join(folder, "grant")}:/g`;
    const read = open("/g/text", 0);
    expect(runikraft(["run", read]).status).toBe(1);
    expect(runikraft(["run", "--mount", mount, read]).status).toBe(0);
    const create = open("/g/new", 0o101);
    expect(runikraft(["run", "--mount", mount, create]).status).toBe(1);
    expect(runikraft(["run", "--mount", `${mount}:rw`, create]).status).toBe(0);
    expect(readFileSync(join(folder, "grant/new"), "utf8")).toBe("");
    // Changes to the root stay in memory.
    const own = open("/own", 0o101);
    expect(runikraft(["run", "--root", join(folder, "grant"), own]).status).toBe(0);
    expect(() => readFileSync(join(folder, "grant/own"))).toThrow();
  });
});

describe("watching", () => {
  const hello = program(
    "hello",
    `li a0, 1\nla a1, text\nli a2, 3\nli a7, 64\necall\nli a7, 1000\necall\necall\nli a0, 0\n${EXIT}
    .section .rodata\ntext: .ascii "hi\\n"`,
  );

  it("--strace writes each call with its result, on stderr or in a file", () => {
    const { stdout, stderr } = runikraft(["run", "--strace", hello]);
    expect(stdout).toBe("hi\n");
    expect(stderr).toMatch(/^write\(1, "hi\\n", 3\) += 3$/m);
    expect(stderr).toMatch(/^exit\(0\)/m);
    const log = join(folder, "calls.txt");
    expect(runikraft(["run", `--strace=${log}`, hello]).stderr).toBe("");
    expect(readFileSync(log, "utf8")).toBe(stderr);
  });

  it("--trace writes each instruction with what it changed", () => {
    const log = join(folder, "trace.txt");
    const { status } = runikraft(["run", `--trace=${log}`, "--no-aslr", hello]);
    expect(status).toBe(0);
    const lines = readFileSync(log, "utf8").trim().split("\n");
    expect(lines[0]).toMatch(/^[\da-f]+ <_start>: +\w+ +li a0,1 +a0=0x1$/);
    expect(lines.filter((line) => /: +00000073 +ecall/.test(line)).length).toBe(4);
    expect(lines.length).toBe(12);
  });

  it("--verbose names an unsupported call, once", () => {
    expect(runikraft(["run", hello]).stderr).toBe("");
    const { stderr } = runikraft(["run", "--verbose", hello]);
    expect(stderr).toBe("runikraft: system call syscall_0x3e8 is not supported (ENOSYS)\n");
  });

  it("--stats counts, as text and as JSON", () => {
    const { stderr } = runikraft(["run", "--stats", hello]);
    expect(stderr).toMatch(/^runikraft: \d+ instructions in [\d.]+ s \([\d.]+ MIPS\), 2 system calls, /);
    const json = runikraft(["run", "--stats", "--json", "--aslr-seed", "6", hello]).stderr;
    expect(JSON.parse(json)).toMatchObject({ syscalls: { write: 1, exit: 1 }, aslrSeed: "6" });
    expect(runikraft(["run", "--json", hello]).status).toBe(2);
  });

  it("--jit-stats says what was translated, as text and beside --stats as JSON", () => {
    const text = runikraft(["run", "--jit", "always", "--jit-stats", hello]).stderr;
    expect(text).toMatch(
      /^runikraft: JIT: [1-9]\d* regions translated, 0 of them lost; the guest waited [\d.]+ ms for it, [\d.]+ ms at once at most, and 0\.0 ms were spent beside it; [1-9]/,
    );
    const both = runikraft(["run", "--jit", "always", "--stats", "--jit-stats", "--json", hello]).stderr;
    const { syscalls, jit } = JSON.parse(both);
    expect(syscalls).toEqual({ write: 1, exit: 1 });
    expect(jit.regions).toBeGreaterThan(0);
    expect(jit.bytes).toBeGreaterThan(jit.instructions);
    const off = runikraft(["run", "--jit", "off", "--jit-stats", "--json", hello]).stderr;
    expect(JSON.parse(off)).toEqual({ jit: null });
    expect(runikraft(["run", "--jit", "off", "--jit-stats", hello]).stderr).toMatch(/^runikraft: JIT: off/);
  });

  it("--deterministic counts the same instructions, page faults and traps with each --jit", () => {
    const code = `li s0, 60000\n 1: andi a0, s0, 2047\n bnez a0, 2f\n li a0, 99\n ${"li a7, 113\n"} la a1, 3f\n ecall
      2: la t0, 3f\n ld t1, 0(t0)\n add t1, t1, s0\n sd t1, 0(t0)\n addi s0, s0, -1\n bnez s0, 1b\n li a0, 0\n ${EXIT}
      .bss\n .balign 8\n 3: .zero 64`;
    const counts = ["off", "on", "always"].map((jit) => {
      const { stderr } = runikraft([
        "run",
        "--deterministic",
        "--jit",
        jit,
        "--stats",
        "--json",
        program("counts", code),
      ]);
      const { instructions, pageFaults, traps, syscalls } = JSON.parse(stderr);
      return { instructions, pageFaults, traps, syscalls };
    });
    expect(counts[0].instructions).toBeGreaterThan(500_000);
    for (const other of counts.slice(1)) expect(other).toEqual(counts[0]);
  });

  it("--jit=on translates beside the guest, which changes nothing for it", () => {
    // More code than is translated between two instructions.
    const loop = `li a0, 500000\n 1: ${"addi a1, a1, 1\n".repeat(40)} addi a0, a0, -1\n bnez a0, 1b\n`;
    const long = program("long", `${loop.repeat(30)} li a0, 7\n li a7, 93\n ecall`);
    let beside = 0;
    // A thread that gets no processor within a second is not waited for. That is not so every time.
    for (let tries = 0; beside === 0 && tries < 10; tries++) {
      const { status, stderr } = runikraft(["run", "--jit", "on", "--jit-stats", "--stats", "--json", long]);
      expect(status).toBe(7);
      const { jit, instructions } = JSON.parse(stderr);
      expect(instructions).toBe(30 * (2 + 500_000 * 42) + 2);
      expect(jit.regions).toBeGreaterThan(0);
      beside = jit.beside;
    }
    expect(beside).toBeGreaterThan(0);
  });

  it("--jit-dump writes what was translated, by its address", () => {
    const directory = join(folder, "regions", "of-loop");
    const options = ["--jit", "always", "--no-aslr", "--max-instructions", "100000"];
    expect(runikraft(["run", ...options, "--jit-dump", directory, LOOP]).status).toBe(124);
    const names = readdirSync(directory);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names)
      expect(readFileSync(join(directory, name), "utf8")).toContain(
        `region at 0x${basename(name, ".txt")} <`,
      );
    const { status, stderr } = runikraft(["run", "--jit", "always", "--jit-dump", LOOP, hello]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^runikraft: cannot write .*\n$/);
  });

  it("--deterministic makes every run the same, time and chance included", () => {
    const clock = program(
      "clock",
      `li a0, 0\naddi sp, sp, -32\nmv a1, sp\nli a7, 113\necall
       addi a0, sp, 16\nli a1, 16\nli a2, 0\nli a7, 278\necall
       li a0, 1\nmv a1, sp\nli a2, 32\nli a7, 64\necall\nli a0, 0\n${EXIT}`,
    );
    const run = (...options: string[]) => runikraft(["run", ...options, clock]).stdout;
    expect(run("--deterministic")).toBe(run("--deterministic"));
    expect(run("--deterministic")).not.toBe(run("--deterministic", "--aslr-seed", "1"));
    expect(run()).not.toBe(run());
  });
});

describe("refused programs", () => {
  it("are called by the name that the user gave, in one line, exit 3", () => {
    const text = file("not-elf", "this is a text file that is long enough to have a header, isn't it?\n");
    const { status, stderr } = runikraft(["run", text]);
    expect(status).toBe(3);
    expect(stderr).toMatch(new RegExp(`^runikraft: ${text}: .*\n$`));
    const broken = Uint8Array.from(readFileSync(LOOP));
    broken[18] = 62;
    expect(runikraft(["run", file("x86", broken)]).stderr).toMatch(/e_machine is 62 \(x86-64\)/);
  });

  it("with a folder that is not there, are not started", () => {
    expect(runikraft(["run", "--root", join(folder, "no"), LOOP]).status).toBe(3);
    expect(runikraft(["run", "--cwd", "/no", LOOP]).status).toBe(3);
  });
});
