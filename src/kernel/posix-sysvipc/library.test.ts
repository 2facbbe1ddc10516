import { beforeEach, describe, expect, test } from "vitest";
import { CLONE } from "../rkprocess/clone-flags.ts";
import { credentialsFor } from "../rkprocess/credentials.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import type { PageFrames } from "../rkvm/page-frames.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import { Budget } from "../vfs/limits.ts";
import { posixSysvipc } from "./library.ts";
import { newQueues } from "./queues.ts";
import { newSegments } from "./segments.ts";
import { newSets } from "./semaphores.ts";
import { type SysvIpc, sysvIpc } from "./state.ts";
import { UndoList, undoLists } from "./undo.ts";

const PAGE = 4096;
const AT = 0x1000_0000;
const [CREAT, EXCL, NOWAIT] = [0o1000, 0o2000, 0o4000];
const [RMID, SET, STAT] = [0, 1, 2];

let space: AddressSpace;
let ipc: SysvIpc;
let caller: Caller;
let frames: PageFrames;

/** A process with one thread, and memory that all callers have in common. */
class Caller {
  readonly thread: Thread;
  readonly undo = new UndoList(ipc.undoBudget);
  /** What the call that it waited in has returned. */
  woken: number | undefined;
  private x13 = 0n;

  constructor(pid: number, uid = 0) {
    const apis = new Map<unknown, unknown>([
      [sysvIpc, ipc],
      [time, { realtime: () => 77_000_000_000n, monotonic: () => 0, after: () => () => {} }],
      [dispatcher, { current: undefined }],
      [memoryManager, { totalPages: 100, frames }],
    ]);
    const kernel = { use: (wanted: unknown) => apis.get(wanted), hart: { x: () => this.x13 } };
    const credentials = credentialsFor(uid, uid);
    const get = (state: unknown) => (state === undoLists ? this.undo : undefined);
    const process = { pid, memory: space, credentials, kernel, get } as unknown as Process;
    const wake = () => {
      const result = this.thread.wait?.resume() ?? WAITING;
      if (result !== WAITING) this.woken = result;
    };
    this.thread = { process, memory: space, kernel, state: "blocked", wake } as unknown as Thread;
  }

  call(name: string, ...args: number[]): number {
    const row = posixSysvipc.syscalls?.find((one) => one.name === name);
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    this.x13 = BigInt(d);
    return row?.run(this.thread, a, b, c, d, e, 0) as number;
  }

  /** Operations are index, change and flags. */
  semop(set: number, ...operations: [number, number, number?][]): number {
    operations.forEach(([index, change, flags = 0], i) => {
      space.write(AT + i * 6, new Uint8Array(Int16Array.of(index, change, flags).buffer));
    });
    return this.call("semop", set, AT, operations.length);
  }

  send(queue: number, type: number, text: string, flags = 0): number {
    space.writeWord(AT, type);
    space.write(AT + 8, Buffer.from(text));
    return this.call("msgsnd", queue, AT, text.length, flags);
  }

  receive(queue: number, type: number, room = 100, flags = 0): string | number {
    const length = this.call("msgrcv", queue, AT, room, type, flags);
    return length < 0 || length === WAITING ? length : received(length);
  }
}

const received = (length: number) => `${space.readWord(AT)} ${Buffer.from(space.read(AT + 8, length))}`;
const UNDO = 0o10000;

beforeEach(() => {
  const made = testSpace(256);
  space = made.space;
  frames = made.context.frames;
  space.map(AT, 4 * PAGE, { prot: Prot.read | Prot.write });
  space.setLayout({ start: 0x5000_0000, end: 0x6000_0000 }, { start: 0x7000_0000, end: 0x8000_0000 });
  ipc = {
    queues: newQueues(),
    messageBytes: new Budget(2000, "ENOMEM"),
    sets: newSets(),
    undoBudget: new Budget(100, "ENOMEM"),
    waitingBudget: new Budget(50, "ENOMEM"),
    segments: newSegments(),
  };
  caller = new Caller(1);
});

describe("identifiers", () => {
  test("of what is gone are not those of what comes after it", () => {
    const first = caller.call("semget", 5, 1, CREAT);
    expect(caller.call("semget", 5, 1, CREAT | EXCL)).toBe(-errno.EEXIST);
    expect(caller.call("semget", 5, 2, 0)).toBe(-errno.EINVAL);
    expect(caller.call("semctl", first, 0, RMID)).toBe(0);
    expect(caller.call("semget", 5, 1, 0)).toBe(-errno.ENOENT);
    const second = caller.call("semget", 5, 1, CREAT);
    expect(second).not.toBe(first);
    expect(caller.call("semctl", first, 0, STAT, AT)).toBe(-errno.EIDRM);
    expect(caller.call("semctl", second, 0, STAT, AT)).toBe(0);
  });

  test("there are only so many of", () => {
    for (let i = 0; i < 4096; i++)
      ipc.segments.get(
        caller.thread,
        0,
        0,
        () => {},
        () => fakeSegment(),
      );
    expect(caller.call("shmget", 0, 1, 0)).toBe(-errno.ENOSPC);
    expect(caller.call("semget", 0, 32000, 0)).toBeGreaterThanOrEqual(0);
    for (let i = 0; i < 31; i++) caller.call("semget", 0, 32000, 0);
    expect(caller.call("semget", 0, 32000, 0)).toBe(-errno.ENOSPC);
  });

  function fakeSegment() {
    return { id: 0, key: 0, weight: 0, removed() {} } as never;
  }

  test("are of no use to others without permission", () => {
    const other = new Caller(2, 1000);
    const set = caller.call("semget", 0, 1, 0o604);
    expect(other.semop(set, [0, 1])).toBe(-errno.EACCES);
    expect(other.semop(set, [0, 0])).toBe(0);
    expect(other.call("semctl", set, 0, RMID)).toBe(-errno.EPERM);
    caller.call("semctl", set, 0, STAT, AT);
    space.writeU32(AT + 4, 1000);
    expect(caller.call("semctl", set, 0, SET, AT)).toBe(0);
    expect(other.semop(set, [0, 1])).toBe(0);
    expect(other.call("semctl", set, 0, RMID)).toBe(0);
  });
});

describe("semaphores", () => {
  const [GETVAL, SETVAL, GETNCNT, GETZCNT] = [12, 16, 14, 15];
  let set: number;
  const value = (index: number) => caller.call("semctl", set, index, GETVAL);

  beforeEach(() => {
    set = caller.call("semget", 0, 3, 0o600);
  });

  test("change together or not at all", () => {
    expect(caller.semop(set, [0, 2], [1, 1], [0, -1], [2, -1, NOWAIT])).toBe(-errno.EAGAIN);
    expect([value(0), value(1)]).toEqual([0, 0]);
    expect(caller.semop(set, [0, 2], [0, -1])).toBe(0);
    expect(caller.semop(set, [1, 1], [0, 32767])).toBe(-errno.ERANGE);
    expect([value(0), value(1)]).toEqual([1, 0]);
    expect(caller.semop(set, [3, 1])).toBe(-errno.EFBIG);
  });

  test("go to who waits, before whoever comes next", () => {
    const [first, second, zero] = [new Caller(2), new Caller(3), new Caller(4)];
    expect(first.semop(set, [0, -2])).toBe(WAITING);
    expect(second.semop(set, [0, -1])).toBe(WAITING);
    expect(caller.call("semctl", set, 0, GETNCNT)).toBe(2);
    caller.semop(set, [0, 1]);
    expect([first.woken, second.woken, value(0)]).toEqual([undefined, 0, 0]);
    caller.semop(set, [0, 3]);
    expect([first.woken, value(0)]).toEqual([0, 1]);
    expect(zero.semop(set, [0, 0])).toBe(WAITING);
    expect(caller.call("semctl", set, 0, GETZCNT)).toBe(1);
    caller.call("semctl", set, 0, SETVAL, 0);
    expect(zero.woken).toBe(0);
  });

  test("that go take those along who wait for them", () => {
    const waiter = new Caller(2);
    waiter.semop(set, [0, -1]);
    caller.call("semctl", set, 0, RMID);
    expect(waiter.woken).toBe(-errno.EIDRM);
  });

  test("are given back at the end of who wanted it so", () => {
    const [other, waiter] = [new Caller(2), new Caller(3)];
    caller.semop(set, [0, 5]);
    other.semop(set, [0, -3, UNDO], [0, 1], [1, 2, UNDO]);
    expect(waiter.semop(set, [0, -6])).toBe(WAITING);
    // A child that shares what is to be undone keeps it.
    const child = undoLists.fork(other.undo, {} as Process, CLONE.SYSVSEM);
    other.undo.release({ pid: 2 } as Process);
    expect([value(0), waiter.woken]).toEqual([3, undefined]);
    child.release({ pid: 4 } as Process);
    expect([value(0), value(1), waiter.woken]).toEqual([0, 0, 0]);
  });

  test("are remembered and waited for by so many at most", () => {
    const many = caller.call("semget", 0, 200, 0o600);
    for (let i = 0; i < 100; i++) expect(caller.semop(many, [i, 1, UNDO])).toBe(0);
    expect(caller.semop(many, [0, 1], [150, 1, UNDO])).toBe(-errno.ENOMEM);
    expect(caller.call("semctl", many, 0, GETVAL)).toBe(1);
    expect(caller.semop(many, [7, -1, UNDO])).toBe(0);
    expect(caller.semop(many, [150, 1, UNDO])).toBe(0);
    expect(caller.semop(many, [0, 1, UNDO], [0, -1, UNDO])).toBe(0);
    caller.call("semctl", many, 0, RMID);
    ipc.undoBudget.charge(100);
    const takes = Array.from({ length: 30 }, (): [number, number] => [0, -1]);
    const [first, second] = [new Caller(2), new Caller(3)];
    expect(first.semop(set, ...takes)).toBe(WAITING);
    expect(second.semop(set, ...takes)).toBe(-errno.ENOMEM);
    caller.semop(set, [0, 30]);
    expect([first.woken, second.semop(set, ...takes)]).toEqual([0, WAITING]);
  });

  test("that were set are not given back", () => {
    const other = new Caller(2);
    caller.semop(set, [0, 5]);
    other.semop(set, [0, -3, UNDO]);
    caller.call("semctl", set, 0, SETVAL, 1);
    other.undo.release({ pid: 2 } as Process);
    expect(value(0)).toBe(1);
    caller.call("semctl", set, 0, RMID);
    caller.undo.release({ pid: 1 } as Process);
  });
});

describe("queues", () => {
  const [NOERROR, EXCEPT, COPY] = [0o10000, 0o20000, 0o40000];
  let queue: number;

  beforeEach(() => {
    queue = caller.call("msgget", 0, 0o600);
  });

  test("give the message that is asked for", () => {
    for (const [type, text] of [
      [3, "three"],
      [1, "one"],
      [2, "two"],
    ] as const)
      caller.send(queue, type, text);
    expect(caller.receive(queue, 1, 100, COPY | NOWAIT)).toBe("1 one");
    expect(caller.receive(queue, 3, 100, EXCEPT)).toBe("1 one");
    expect(caller.receive(queue, -3)).toBe("2 two");
    expect(caller.receive(queue, 2, 100, NOWAIT)).toBe(-errno.ENOMSG);
    expect(caller.receive(queue, 0, 2)).toBe(-errno.E2BIG);
    expect(caller.receive(queue, 0, 2, NOERROR)).toBe("3 th");
    expect(caller.send(queue, 0, "x")).toBe(-errno.EINVAL);
  });

  test("give it to who has waited for it longest", () => {
    const [two, any] = [new Caller(2), new Caller(3)];
    expect(two.receive(queue, 2)).toBe(WAITING);
    expect(any.receive(queue, 0)).toBe(WAITING);
    caller.send(queue, 2, "yours");
    expect([two.woken, any.woken]).toEqual([5, undefined]);
    expect(received(5)).toBe("2 yours");
    caller.call("msgctl", queue, RMID);
    expect(any.woken).toBe(-errno.EIDRM);
  });

  test("hold so much and let others wait", () => {
    caller.call("msgctl", queue, STAT, AT);
    space.writeWord(AT + 88, 10);
    caller.call("msgctl", queue, SET, AT);
    const sender = new Caller(2);
    expect(caller.send(queue, 1, "123456")).toBe(0);
    expect(caller.send(queue, 1, "12345", NOWAIT)).toBe(-errno.EAGAIN);
    expect(sender.send(queue, 2, "12345")).toBe(WAITING);
    expect(caller.receive(queue, 0)).toBe("1 123456");
    expect(sender.woken).toBe(0);
    expect(caller.receive(queue, 0)).toBe("2 12345");
  });

  test("take no more of the host than all may together", () => {
    let sent = 0;
    while (caller.send(queue, 1, "x".repeat(100)) === 0) sent++;
    expect(sent).toBe(8);
    caller.call("msgctl", queue, RMID);
    expect(caller.send(caller.call("msgget", 0, 0o600), 1, "x")).toBe(0);
  });
});

describe("segments", () => {
  const [RDONLY, RND, REMAP] = [0o10000, 0o20000, 0o40000];
  const attachments = (id: number) => {
    caller.call("shmctl", id, STAT, AT);
    return space.readWord(AT + 88);
  };

  test("show the same memory wherever they are attached, and keep it", () => {
    const id = caller.call("shmget", 0, PAGE + 1, 0o600);
    const one = caller.call("shmat", id, 0, 0);
    const two = caller.call("shmat", id, 0x4000_0000, RDONLY);
    expect(two).toBe(0x4000_0000);
    space.writeU8(one + PAGE, 9);
    expect(space.readU8(two + PAGE)).toBe(9);
    expect(() => space.writeU8(two, 1)).toThrow(UserFault);
    expect(space.protect(two, PAGE, Prot.read | Prot.write)).toBe(-errno.EACCES);
    expect(attachments(id)).toBe(2);
    const child = space.fork();
    expect(attachments(id)).toBe(4);
    child.release();
    expect([caller.call("shmdt", one), caller.call("shmdt", two), attachments(id)]).toEqual([0, 0, 0]);
    expect(caller.call("shmdt", one)).toBe(-errno.EINVAL);
    expect(space.readU8(caller.call("shmat", id, 0, 0) + PAGE)).toBe(9);
  });

  test("go with their last attachment once they are removed", () => {
    const id = caller.call("shmget", 7, PAGE, CREAT | 0o600);
    const at = caller.call("shmat", id, 0, 0);
    space.writeU8(at, 9);
    const { memory } = ipc.segments.find(id);
    expect(caller.call("shmctl", id, RMID)).toBe(0);
    expect(caller.call("shmget", 7, 0, 0)).toBe(-errno.ENOENT);
    expect([space.readU8(at), memory.count]).toEqual([9, 1]);
    expect(caller.call("shmdt", at)).toBe(0);
    expect([caller.call("shmat", id, 0, 0), memory.count]).toEqual([-errno.EINVAL, 0]);
  });

  test("want a place of whole pages that is free", () => {
    const id = caller.call("shmget", 0, PAGE, 0o600);
    const at = caller.call("shmat", id, 0, 0);
    expect(caller.call("shmat", id, at, 0)).toBe(-errno.EINVAL);
    expect(caller.call("shmat", id, at + 5, REMAP)).toBe(-errno.EINVAL);
    expect(caller.call("shmat", id, at + 5, REMAP | RND)).toBe(at);
    expect(caller.call("shmat", id, 0, REMAP)).toBe(-errno.EINVAL);
    expect(attachments(id)).toBe(1);
  });

  test("are as big as the machine's memory together at most", () => {
    expect(caller.call("shmget", 0, 101 * PAGE, 0)).toBe(-errno.ENOMEM);
    expect(caller.call("shmget", 0, 60 * PAGE, 0)).toBeGreaterThanOrEqual(0);
    expect(caller.call("shmget", 0, 60 * PAGE, 0)).toBe(-errno.ENOSPC);
    expect(caller.call("shmget", 0, 0, 0)).toBe(-errno.EINVAL);
  });
});
