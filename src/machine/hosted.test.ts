import { describe, expect, test } from "vitest";
import { type Library, LinkError } from "../kernel/library.ts";
import { frameAllocator } from "../kernel/rkalloc/frames.ts";
import { rkallocregion } from "../kernel/rkallocregion/library.ts";
import { signal } from "../kernel/rksignal/signals.ts";
import { guest } from "./hosted-fixture.ts";

const HELLO = `
_start: li a0, 1
        la a1, text
        li a2, 6
        li a7, WRITE
        ecall
        li a0, 3
        li a7, EXIT_GROUP
        ecall
        .section .rodata
text:   .ascii "hello\\n"
`;

/** Calls exit_group with a0. */
const EXIT = "li a7, EXIT_GROUP\n ecall\n";

describe("a program", () => {
  test("prints, ends with its code, and is traced", async () => {
    const { machine, output, trace } = await guest(HELLO);
    expect(await machine.run()).toEqual({ kind: "exit", code: 3 });
    expect(output()).toBe("hello\n");
    expect(trace).toEqual([
      'write(1, "hello\\n", 6)                  = 6',
      "exit_group(3)                           = ?",
      "+++ exited with 3 +++",
    ]);
    expect(machine.stats.syscalls).toEqual({ write: 1, exit_group: 1 });
  });

  test("writes to standard error through the second port, and the two keep their order", async () => {
    const order: string[] = [];
    const sink = (name: string) => ({
      terminal: false,
      write: (bytes: Uint8Array) => order.push(name + new TextDecoder().decode(bytes)),
    });
    const { machine } = await guest(
      `_start: li s1, 3
       loop:   li a0, 1
               call put
               li a0, 2
               call put
               addi s1, s1, -1
               bnez s1, loop
               li a0, 0
               ${EXIT}
       put:    la a1, text
               li a2, 1
               li a7, WRITE
               ecall
               ret
               .section .rodata
       text:   .ascii "x"`,
      {
        console: {
          input: { terminal: false, read: () => undefined, onInput: () => {} },
          output: sink("1"),
          error: sink("2"),
          size: () => ({ rows: 1, columns: 1 }),
          onResize: () => {},
        },
        strace: undefined,
      },
    );
    await machine.run();
    expect(order).toEqual(["1x", "2x", "1x", "2x", "1x", "2x"]);
  });

  test("waits for input, and sees its end", async () => {
    const { machine, output, type } = await guest(`
      _start: li a0, 0
              la a1, buffer
              li a2, 10
              li a7, READ
              ecall
              mv s0, a0
              li a0, 1
              la a1, buffer
              mv a2, s0
              li a7, WRITE
              ecall
              bnez s0, _start
              ${EXIT}
              .bss
      buffer: .space 10`);
    const running = machine.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    type("first line that is long");
    await new Promise((resolve) => setTimeout(resolve, 5));
    type(undefined);
    expect(await running).toEqual({ kind: "exit", code: 0 });
    expect(output()).toBe("first line that is long");
  });

  test("stops after the steps it is given, and goes on", async () => {
    const { machine } = await guest(HELLO);
    expect(await machine.run(2)).toBeUndefined();
    expect(machine.board.hart.retired).toBeLessThanOrEqual(2);
    for (let i = 0; i < 40 && !machine.outcome; i++) await machine.run(1);
    expect(machine.outcome).toEqual({ kind: "exit", code: 3 });
  });

  test("tells once how the program has ended", async () => {
    const { machine } = await guest(`
      li a0, 3
      li a7, 94
      ecall`);
    const ends: unknown[] = [];
    const listener = (status: unknown) => ends.push(status);
    machine.events.on("exit", listener);
    await machine.run(1);
    expect(ends).toEqual([]);
    await machine.run();
    await machine.run();
    expect(ends).toEqual([{ kind: "exit", code: 3 }]);
    machine.events.off("exit", listener);
    expect(machine.events.emit("exit", { kind: "exit", code: 4 })).toBe(false);
    expect(ends).toHaveLength(1);
  });

  test("an unsupported system call is ENOSYS and named once", async () => {
    const { machine, unsupported, trace } = await guest(`
      _start: li a7, 425
              ecall
              li a7, 425
              ecall
              li a7, 9999
              ecall
              ${EXIT}`);
    await machine.run();
    expect(unsupported).toEqual(["io_uring_setup", "syscall_0x270f"]);
    expect(trace[0]).toMatch(/^io_uring_setup\(\) += -1 ENOSYS \(Function not implemented\)$/);
  });

  test("a bad address is EFAULT for the call and nothing worse", async () => {
    const { machine, trace } = await guest(`
      _start: li a0, 1
              li a1, 8
              li a2, 5
              li a7, WRITE
              ecall
              li a0, -1
              slli a0, a0, 63
              li a7, 160
              ecall
              ${EXIT}`);
    await machine.run();
    expect(trace[0]).toBe("write(1, 0x8, 5)                        = -1 EFAULT (Bad address)");
    expect(trace[1]).toMatch(/^uname\(0x8000000000000000\) += -1 EFAULT \(Bad address\)$/);
  });
});

describe("the linked libraries", () => {
  test("can be replaced by others that provide the same", async () => {
    const { machine, output } = await guest(HELLO, { libraries: [rkallocregion] });
    await machine.run();
    expect(output()).toBe("hello\n");
    expect(machine.kernel.libraries.map(({ name }) => name)).not.toContain("rkallocbuddy");
  });

  test("that do not fit are refused", async () => {
    const empty: Library = { name: "empty", summary: () => "", provides: [frameAllocator], needs: [] };
    await expect(guest(HELLO, { libraries: [empty] })).rejects.toThrow(LinkError);
  });
});

describe("faults", () => {
  const dies = async (source: string) => {
    const { machine } = await guest(source);
    const status = await machine.run();
    if (status?.kind !== "signal") throw new Error("the guest did not die");
    return status;
  };

  test("a read of nothing is SIGSEGV with what a crash report needs", async () => {
    const { signal: number, crash } = await dies(`
      _start: li s3, 77
              li t0, 0x1234
      fault:  ld a0, 0(t0)`);
    expect(number).toBe(signal.SIGSEGV);
    expect(crash).toMatchObject({ code: 1, address: 0x1234, access: "read", area: undefined });
    expect(crash!.registers[19]).toBe(77n);
  });

  test("a write to code is SIGSEGV for access, in the area of the program", async () => {
    const { crash } = await dies("_start: la t0, _start\n sd zero, 0(t0)");
    expect(crash).toMatchObject({ code: 2, access: "write", area: { name: "/guest", prot: 5 } });
  });

  test("running data is refused, and so is making it code", async () => {
    const { crash } = await dies("_start: la t0, word\n jr t0\n .data\nword: .word 0x13");
    expect(crash).toMatchObject({ code: 2, access: "execute" });
  });

  test("growing past the stack ends at its guard", async () => {
    const { crash } = await dies(`
      _start: addi sp, sp, -1024
              sd zero, 0(sp)
              j _start`);
    expect(crash).toMatchObject({ access: "write", area: { name: "[stack guard]", guard: true } });
  });

  test("touching more memory than the machine has is SIGKILL, where it happened", async () => {
    const { signal: number, crash } = await dies(`
      _start: li a0, 0
              li a1, 12 << 20
              li a2, 3
              li a3, 0x22
              li a4, -1
              li a5, 0
              li a7, MMAP
              ecall
              li t0, 12 << 20
              add t0, t0, a0
              li t1, 4096
      fill:   sd a0, 0(a0)
              add a0, a0, t1
              blt a0, t0, fill
              j _start`);
    expect(number).toBe(signal.SIGKILL);
    expect(crash).toMatchObject({ access: "write", area: { name: "" } });
  });

  test("an illegal instruction is SIGILL at its address, ebreak is SIGTRAP", async () => {
    const { signal: number, crash } = await dies("_start: nop\n .word 0");
    expect(number).toBe(signal.SIGILL);
    expect(crash!.address).toBe(Number(crash!.pc));
    expect(await dies("_start: ebreak")).toMatchObject({ signal: signal.SIGTRAP });
  });
});

describe("the sleep of a deterministic machine", () => {
  const SLEEPER = `
    _start: la a0, wait
            li a1, 0
            li a7, NANOSLEEP
            ecall
            rdtime s0
            ${EXIT}
            .data
            .balign 8
    wait:   .dword 3600, 5`;

  test("takes no time of the host and an exact one of the guest, every time the same", async () => {
    const once = async () => {
      const { machine } = await guest(SLEEPER);
      await machine.run();
      return machine.board.hart.x(8);
    };
    const ticks = await once();
    expect(ticks).toBeGreaterThanOrEqual(36_000_000_000n);
    expect(ticks).toBeLessThan(36_000_000_100n);
    expect(await once()).toBe(ticks);
  });

  test("of a real one takes the host's", async () => {
    const { machine } = await guest(SLEEPER.replace("3600, 5", "0, 30000000"), { deterministic: false });
    const started = performance.now();
    await machine.run();
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    expect(machine.stats.idle).toBeGreaterThan(0);
  });
});

test("a seed reproduces the layout, another one moves it", async () => {
  const layoutOf = async (seed: bigint) => (await guest(HELLO, { seed })).machine.layout;
  const first = await layoutOf(5n);
  expect(await layoutOf(5n)).toEqual(first);
  const other = await layoutOf(6n);
  expect(other.stack.end).not.toBe(first.stack.end);
  expect(other.mmap.end).not.toBe(first.mmap.end);
});
