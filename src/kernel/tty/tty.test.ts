import { beforeEach, expect, test } from "vitest";
import type { ConsolePort } from "../rkconsole/console.ts";
import type { Process } from "../rkprocess/process.ts";
import type { ProcessTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { SignalSet } from "../rksignal/signal-set.ts";
import type { Signals } from "../rksignal/signals.ts";
import type { Time } from "../rktime/time.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { POLL } from "../vfs/flags.ts";
import { encodeInt, encodeTermios, TERMIOS_SIZE } from "../vfs/structs.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { JobControl } from "./job-control.ts";
import { Cc, initialTermios } from "./termios.ts";
import { Tty } from "./tty.ts";

/** A port that a test types at. */
class TestPort implements ConsolePort {
  readonly terminal = true;
  rows = 24;
  columns = 80;
  onInput = () => {};
  onResize = () => {};
  shown = "";
  ended = false;
  private typed = "";

  write(bytes: Uint8Array): void {
    this.shown += Buffer.from(bytes).toString();
  }

  read(max: number): Uint8Array | undefined {
    const part = this.typed.slice(0, max);
    this.typed = this.typed.slice(max);
    return part === "" && this.ended ? undefined : Buffer.from(part);
  }

  type(text: string): void {
    this.typed += text;
    this.onInput();
  }

  get left(): number {
    return this.typed.length;
  }
}

let port: TestPort;
let sent: [group: number, signal: number][];
let timers: { nanoseconds: number; callback: () => void }[];
let tty: Tty;
let woken: number;
let orphaned: boolean;
const shell = process(5, 5, 5);
const job = process(42, 5, 42);

function process(pid: number, session: number, processGroup: number): Process {
  const actions = Array.from({ length: 65 }, () => ({ handler: 0, flags: 0 }));
  return { pid, session, processGroup, get: () => actions } as unknown as Process;
}

/** A thread of a process. */
const threadOf = (process: Process) =>
  ({ process, signals: { blocked: new SignalSet() } }) as unknown as Thread;

beforeEach(() => {
  port = new TestPort();
  sent = [];
  timers = [];
  woken = 0;
  const signals = {
    toGroup(group: number, info: { signal: number }) {
      sent.push([group, info.signal]);
      return 1;
    },
    isOrphaned: () => orphaned,
  } as unknown as Signals;
  const time = {
    after(nanoseconds: number, callback: () => void) {
      const timer = { nanoseconds, callback };
      timers.push(timer);
      return () => {
        timers.splice(timers.indexOf(timer), 1);
      };
    },
  } as Time;
  orphaned = false;
  const processes = { all: () => [shell, job] } as unknown as ProcessTable;
  tty = new Tty(port, port, new JobControl(signals, processes), time);
  tty.jobs.control(shell);
  tty.waiters.add(() => woken++);
});

function read(count = 100): string {
  const bytes = new Uint8Array(count);
  return Buffer.from(bytes.subarray(0, tty.read(bytes))).toString();
}

/** Makes an `ioctl`; returns what it wrote. */
function ioctl(
  request: number,
  given: Uint8Array = new Uint8Array(64),
  caller = shell,
  argument = 1,
): Uint8Array {
  let written = new Uint8Array(0);
  const memory = {
    read: (length: number) => given.slice(0, length),
    write: (bytes: Uint8Array) => {
      written = bytes.slice();
    },
  };
  const result = tty.ioctl(request, memory, argument, threadOf(caller));
  if (result !== 0) throw new RangeError(String(result));
  return written;
}

/** Non-canonical mode. */
function raw(min: number, time: number): void {
  const termios = { ...initialTermios(), lflag: 0, iflag: 0 };
  termios.cc[Cc.MIN] = min;
  termios.cc[Cc.TIME] = time;
  ioctl(0x5402, encodeTermios(termios, TERMIOS_SIZE));
}

test("a reader waits for a line", () => {
  expect(failure(() => read())).toBe("EAGAIN");
  port.type("hel");
  expect(failure(() => read())).toBe("EAGAIN");
  expect(tty.poll() & POLL.IN).toBe(0);
  port.type("lo\n");
  expect(woken).toBe(1);
  expect(tty.poll() & POLL.IN).toBe(POLL.IN);
  expect(read()).toBe("hello\n");
  expect(port.shown).toBe("hello\r\n");
});

test("input stays in the port while there is no room, and comes after", () => {
  raw(1, 0);
  port.type("x".repeat(6000));
  expect(port.left).toBe(6000 - 4096);
  expect(read(5000)).toHaveLength(4096);
  expect(port.left).toBe(0);
  expect(read(5000)).toHaveLength(6000 - 4096);
});

test("Ctrl-C goes to the foreground group", () => {
  port.type("\x03");
  ioctl(0x5410, encodeInt(42));
  port.type("\x03\x1a");
  expect(sent).toEqual([
    [5, 2],
    [42, 2],
    [42, 20],
  ]);
});

test("VMIN and VTIME decide when a read returns", () => {
  raw(0, 0);
  expect(read()).toBe("");
  raw(3, 0);
  port.type("ab");
  expect(failure(() => read())).toBe("EAGAIN");
  expect(read(2)).toBe("ab");
  port.type("cde");
  expect(read()).toBe("cde");
  raw(0, 5);
  expect(failure(() => read())).toBe("EAGAIN");
  expect(timers.map(({ nanoseconds }) => nanoseconds)).toEqual([5e8]);
  timers.shift()?.callback();
  expect(read()).toBe("");
  raw(3, 1);
  expect(failure(() => read())).toBe("EAGAIN");
  expect(timers).toEqual([]);
  port.type("f");
  expect(failure(() => read())).toBe("EAGAIN");
  timers.shift()?.callback();
  expect(read()).toBe("f");
});

test("output and echoes wait while they are stopped", () => {
  port.type("\x13");
  expect(failure(() => tty.write(Buffer.from("x")))).toBe("EAGAIN");
  expect(tty.poll() & POLL.OUT).toBe(0);
  port.type("typed");
  expect(port.shown).toBe("");
  port.type("\x11");
  expect(tty.write(Buffer.from("x\n"))).toBe(2);
  expect(port.shown).toBe("typedx\r\n");
});

test("settings, size and queue are told and set", () => {
  expect(ioctl(0x5401)).toEqual(encodeTermios(initialTermios(), TERMIOS_SIZE));
  expect([...ioctl(0x5413)]).toEqual([24, 0, 80, 0, 0, 0, 0, 0]);
  port.rows = 30;
  port.onResize();
  expect(sent).toEqual([[5, 28]]);
  expect(ioctl(0x5413)[0]).toBe(30);
  ioctl(0x5414, Uint8Array.of(10, 0, 20, 0, 0, 0, 0, 0));
  expect([...ioctl(0x5413)]).toEqual([10, 0, 20, 0, 0, 0, 0, 0]);
  expect(sent).toHaveLength(2);
  port.type("abc\n");
  expect([...ioctl(0x541b)]).toEqual([4, 0, 0, 0]);
  ioctl(0x540b, undefined, shell, 0);
  expect([...ioctl(0x541b)]).toEqual([0, 0, 0, 0]);
  expect(failure(() => ioctl(0x9999))).toBe("ENOTTY");
});

test("job control is for the session that has the terminal", () => {
  expect([...ioctl(0x540f)]).toEqual([5, 0, 0, 0]);
  expect([...ioctl(0x5429)]).toEqual([5, 0, 0, 0]);
  const other = process(9, 8, 9);
  expect(failure(() => ioctl(0x540f, undefined, other))).toBe("ENOTTY");
  expect(failure(() => ioctl(0x540e, undefined, other))).toBe("EPERM");
  expect(() => ioctl(0x5410, encodeInt(-1))).toThrow(String(-errno.EINVAL));
  expect(() => ioctl(0x5410, encodeInt(77))).toThrow(String(-errno.ESRCH));
});

test("who is in the background is stopped when it reads or changes the terminal", () => {
  const thread = threadOf(job);
  expect(tty.admit(threadOf(shell), "read")).toBe(0);
  expect(tty.admit(thread, "write")).toBe(0);
  expect(tty.admit(thread, "read")).toBe(-ERESTARTSYS);
  expect(() => ioctl(0x5410, encodeInt(42), job)).toThrow(String(-ERESTARTSYS));
  expect(sent).toEqual([
    [42, 21],
    [42, 22],
  ]);
  thread.signals.blocked.add(21);
  expect(tty.admit(thread, "read")).toBe(-errno.EIO);
  orphaned = true;
  expect(tty.admit(threadOf(job), "read")).toBe(-errno.EIO);
  expect(tty.admit(threadOf(process(9, 8, 9)), "read")).toBe(0);
});

test("with TOSTOP writing from the background stops too", () => {
  const termios = initialTermios();
  ioctl(0x5402, encodeTermios({ ...termios, lflag: termios.lflag | 0o400 }, TERMIOS_SIZE));
  expect(tty.admit(threadOf(job), "write")).toBe(-ERESTARTSYS);
});

test("when the line is gone its session is told, and input ends", () => {
  tty.hangUp();
  expect(sent).toEqual([
    [5, 1],
    [5, 18],
  ]);
  expect(read()).toBe("");
  expect(failure(() => tty.write(Uint8Array.of(1)))).toBe("EIO");
});

test("a terminal that has gone is the end of input", () => {
  port.type("last\n");
  port.ended = true;
  port.onInput();
  expect(read()).toBe("last\n");
  expect(read()).toBe("");
  expect(tty.poll() & POLL.HUP).toBe(POLL.HUP);
});

test("the old settings are the lower halves of the new ones", () => {
  const [TCGETA, TCSETA] = [0x5405, 0x5406];
  const usual = initialTermios();
  const old = ioctl(TCGETA);
  expect(old.length).toBe(18);
  expect(new DataView(old.buffer).getUint16(6, true)).toBe(usual.lflag & 0xffff);
  old[6] = 0;
  old[9 + Cc.EOF] = 7;
  ioctl(TCSETA, old);
  const { lflag } = usual;
  const now = ioctl(0x5401);
  expect([now[12], now[13]]).toEqual([0, lflag >> 8]);
  expect([now[17 + Cc.EOF], now[17 + Cc.SUSP]]).toEqual([7, usual.cc[Cc.SUSP]]);
});
