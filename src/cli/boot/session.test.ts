import { describe, expect, it } from "vitest";
import { nodeHost } from "../../host/node.ts";
import { assemble } from "../../isa/assembler/assemble.ts";
import { linkElf } from "../../isa/assembler/elf.ts";
import type { HostConsole } from "../../machine/host-console.ts";
import { Machine } from "../../machine/machine.ts";
import { Session } from "./session.ts";

/** Sends back what it gets from the UART; a full stop powers it off. */
const ECHO = `
_start: li s0, 0x10000000
1:      lbu t0, 5(s0)
        andi t0, t0, 1
        beqz t0, 1b
        lbu t0, 0(s0)
        sb t0, 0(s0)
        li t1, '.'
        bne t0, t1, 1b
        li t0, 0x100000
        li t1, 0x5555
        sw t1, 0(t0)
        j .`;
const DEAF = "_start: j .";
const ASLEEP = "_start: wfi\n j _start";

/** Input that is there at once, and then ends where it is a pipe. */
class Input {
  readonly terminal: boolean;
  onInput = () => {};
  taken = 0;
  private readonly bytes: Uint8Array;

  constructor(text: string, terminal: boolean) {
    this.bytes = new TextEncoder().encode(text);
    this.terminal = terminal;
  }

  read(max: number): Uint8Array | undefined {
    const part = this.bytes.subarray(this.taken, this.taken + max);
    this.taken += part.length;
    return part.length > 0 || this.terminal ? part : undefined;
  }
}

async function session(code: string, text: string, terminal = false) {
  let printed = "";
  const machine = await Machine.create({
    memory: 4 << 20,
    boot: {
      bios: "none",
      kernel: { name: "image", bytes: linkElf(assemble(code), { base: 0x8000_0000n }) },
    },
    deterministic: true,
    host: nodeHost,
    print: (bytes) => {
      printed += new TextDecoder().decode(bytes);
    },
  });
  const input = new Input(text, terminal);
  const output = { terminal, write: () => {} };
  const console: HostConsole = {
    input,
    output,
    error: output,
    size: () => ({ rows: 33, columns: 101 }),
    onResize: () => {},
  };
  const setup = {
    isConnected: false,
    connections: undefined,
    load: () => Promise.reject(new Error("not asked for")),
  };
  return { session: new Session(machine, console, setup), machine, input, printed: () => printed };
}

describe("a pipe", () => {
  it("reaches the guest byte for byte, escape keys too", async () => {
    const made = await session(ECHO, "a\x01xb\x01c\x00.");
    expect(await made.session.run()).toEqual({ reason: "off", exitCode: 0 });
    expect(made.printed()).toBe("a\x01xb\x01c\x00.");
  });

  it("waits for a guest that does not read", async () => {
    const made = await session(DEAF, "x".repeat(300_000));
    expect(await made.session.run(1_000_000)).toEqual({ reason: "limit" });
    expect(made.input.taken).toBeGreaterThan(0);
    expect(made.input.taken).toBeLessThanOrEqual(65_536);
  });

  it("that has ended leaves a sleeping machine without hope", async () => {
    expect(await (await session(ASLEEP, "")).session.run()).toEqual({ reason: "idle" });
  });
});

describe("a terminal", () => {
  it("may leave a guest that does not read, however much was typed before", async () => {
    const made = await session(DEAF, `${"x".repeat(100_000)}\x01x`, true);
    expect(await made.session.run()).toEqual({ reason: "left" });
  });

  it("sends Ctrl-A where it is typed twice", async () => {
    const made = await session(ECHO, "\x01\x01\x01a.", true);
    expect(await made.session.run()).toEqual({ reason: "off", exitCode: 0 });
    expect(made.printed()).toBe("\x01\x01.");
  });

  it("tells the guest its size", async () => {
    const made = await session(DEAF, "", true);
    await made.session.run(1000);
    expect(made.machine.devices.console?.ports[0].size).toEqual({ columns: 101, rows: 33 });
  });
});

it("counts instructions to the last one", async () => {
  const made = await session(DEAF, "abc");
  await made.session.run(123_457);
  expect(made.machine.board.retired).toBe(123_457);
});
