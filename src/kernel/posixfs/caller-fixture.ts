import type { ByteBuffer } from "../../memory/arena.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { MemoryFiles } from "../ramfs/memory-file.ts";
import { ROOT } from "../rkprocess/credentials.ts";
import { initialLimits } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { UserFault, type UserMemory } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import { FdTable } from "../vfs/fd-table.ts";
import { ProcessFiles, processFiles } from "../vfs/process-files.ts";
import { Vfs, vfs } from "../vfs/vfs.ts";
import { posixFiles } from "./library.ts";
import { memoryFiles } from "./memory-files.ts";

/** First mapped address of a test's memory, and bytes mapped. */
export const MEMORY = 0x10000;
export const MEMORY_SIZE = 0x80000;

/** Plain bytes as a process's memory, with nothing around them. */
class TestMemory {
  readonly bytes = new Uint8Array(MEMORY_SIZE);
  private readonly view = new DataView(this.bytes.buffer);

  read(address: number, length: number): Uint8Array {
    return this.at(address, length).slice();
  }
  write(address: number, bytes: Uint8Array): void {
    this.at(address, bytes.length).set(bytes);
  }
  readU16(address: number): number {
    return this.view.getUint16(this.offset(address, 2), true);
  }
  readI32(address: number): number {
    return this.view.getInt32(this.offset(address, 4), true);
  }
  readU32(address: number): number {
    return this.view.getUint32(this.offset(address, 4), true);
  }
  readU64(address: number): bigint {
    return this.view.getBigUint64(this.offset(address, 8), true);
  }
  readWord(address: number): number {
    return Number(this.view.getBigInt64(this.offset(address, 8), true));
  }
  writeU16(address: number, value: number): void {
    this.view.setUint16(this.offset(address, 2), value, true);
  }
  writeWord(address: number, value: number): void {
    this.view.setBigInt64(this.offset(address, 8), BigInt(value), true);
  }
  readCString(address: number, limit: number): Uint8Array | undefined {
    for (let length = 0; length < limit; length++)
      if (this.at(address + length, 1)[0] === 0) return this.read(address, length);
    return undefined;
  }

  pieces(address: number, length: number, _access: string, piece: (bytes: Uint8Array) => void): number {
    let done = 0;
    while (done < length) {
      const count = Math.min(length - done, 4096 - ((address + done) % 4096));
      try {
        piece(this.at(address + done, count));
      } catch (error) {
        if (done > 0 && error instanceof UserFault) break;
        throw error;
      }
      done += count;
    }
    return done;
  }

  copyOut(address: number, length: number, into: ByteBuffer, at: number): void {
    into.bytes.set(this.at(address, length), at);
  }
  copyIn(address: number, length: number, from: ByteBuffer, at: number): void {
    this.write(address, from.bytes.subarray(at, at + length));
  }
  reach(address: number, length: number, access: string): number {
    return this.pieces(address, length, access, () => {});
  }

  private at(address: number, length: number): Uint8Array {
    const offset = this.offset(address, length);
    return this.bytes.subarray(offset, offset + length);
  }

  private offset(address: number, length: number): number {
    if (address < MEMORY || address + length > MEMORY + MEMORY_SIZE) throw new UserFault(address);
    return address - MEMORY;
  }
}

/** A process that makes file system calls by name. Strings among the arguments are put into its memory. */
export class Caller {
  readonly memory = new TestMemory();
  readonly files: ProcessFiles;
  /** As whom it makes its calls. */
  credentials = ROOT;
  /** Each call has a thread of its own: this is the last one's. */
  thread: Thread;
  private readonly process: Process;
  readonly limits = initialLimits();
  readonly sent: number[] = [];
  readonly masks: [number, number][] = [];
  readonly timers: { nanoseconds: number; callback: () => void }[] = [];

  constructor() {
    const tree = new Vfs(new RamFilesystem({ limit: 8 << 20, now: () => 5_000_000_007n }));
    const place = { root: tree.root, cwd: tree.root, umask: 0o022 };
    this.files = new ProcessFiles(new FdTable(() => 64), place, this);
    const apis = new Map<unknown, unknown>([
      [vfs, tree],
      [memoryFiles, new MemoryFiles({ limit: 1 << 20, now: () => 0n }, 77)],
      [time, this.time()],
      [
        signals,
        {
          toThread: (_: Thread, info: { signal: number }) => this.sent.push(info.signal),
          useMaskForCall: (_: Thread, low: number, high: number) => this.masks.push([low, high]),
        },
      ],
    ]);
    const kernel = { use: (api: unknown) => apis.get(api) };
    const process = {
      pid: 1,
      kernel,
      limits: this.limits,
      get: (state: unknown) => (state === processFiles ? this.files : undefined),
    } as unknown as Process;
    Object.defineProperty(process, "credentials", { get: () => this.credentials });
    apis.set(processTable, { all: () => [process] });
    this.process = process;
    this.thread = this.newThread();
  }

  /** A signal comes to the thread that made the last call. */
  interrupt(): void {
    Object.assign(this.thread, { signalPending: true });
    this.thread.interrupt?.();
  }

  private newThread(): Thread {
    const { kernel } = this.process;
    const memory = this.memory as unknown as UserMemory;
    return { process: this.process, kernel, memory, signalPending: false } as unknown as Thread;
  }

  /** A call that does not wait. */
  call(name: string, ...values: (number | string)[]): number {
    const result = this.start(name, ...values);
    if (typeof result !== "number") throw new Error(`${name} waits`);
    return result;
  }

  start(name: string, ...values: (number | string)[]): number | Promise<number> {
    const row = posixFiles.syscalls?.find((one) => one.name === name);
    if (!row) throw new Error(`no system call ${name}`);
    // Strings go to the end of memory, away from what tests put there.
    let top = MEMORY + MEMORY_SIZE;
    const numbers = values.map((value) => {
      if (typeof value === "number") return value;
      const bytes = Buffer.from(`${value}\0`);
      top -= bytes.length;
      this.memory.write(top, bytes);
      return top;
    });
    const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0] = numbers;
    const thread = this.newThread();
    this.thread = thread;
    try {
      const result = row.run(thread, a0, a1, a2, a3, a4, a5);
      if (result !== WAITING) return result;
      return new Promise((resolve) => {
        let isRunning = false;
        thread.wake = () => {
          // What a thread does itself wakes nobody who is awake.
          if (isRunning) return;
          isRunning = true;
          const now = thread.wait?.resume() ?? WAITING;
          isRunning = false;
          if (now !== WAITING) resolve(now);
        };
      });
    } catch (error) {
      if (error instanceof UserFault) return -errno.EFAULT;
      throw error;
    }
  }

  text(address: number, length: number): string {
    return Buffer.from(this.memory.read(address, length)).toString();
  }

  private time() {
    return {
      monotonic: () => 1000,
      realtime: () => 9_000_000_001n,
      after: (nanoseconds: number, callback: () => void) => {
        const timer = { nanoseconds, callback };
        this.timers.push(timer);
        return () => {
          this.timers.splice(this.timers.indexOf(timer), 1);
        };
      },
    };
  }
}
