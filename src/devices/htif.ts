import type { PhysicalMemory } from "../memory/physical-memory.ts";

/** Addresses of the two words, the ELF symbols `tohost` and `fromhost`; both in RAM, 8-byte aligned. */
export type HtifWords = {
  readonly tohost: number;
  readonly fromhost: number | undefined;
};

const SYSCALL_DEVICE = 0;
const CONSOLE_DEVICE = 1;
const CONSOLE_WRITE = 1;
const PAYLOAD = 0xffff_ffff_ffffn;
const SYS_WRITE = 64n;
const ENOSYS = 38n;
/** Longest text that one request writes. */
const MAX_TEXT = 1 << 20;

/**
 * The host-target interface of the RISC-V test environments: a guest asks by writing `tohost`, which the machine
 * looks at between its slices.
 *
 *      63    56 55     48 47                  0
 *     | device | command |       payload       |
 *
 *     device 0  payload odd: end with code payload >> 1; even: address of a system call's number and arguments
 *               (eight 64-bit words, the first one takes the result); only `write` is known
 *     device 1  command 1: write the payload's low byte to the console
 */
export class Htif {
  private readonly ram: PhysicalMemory;
  private readonly words: HtifWords;
  private readonly write: (bytes: Uint8Array) => void;

  /** `write`: console output. */
  constructor(ram: PhysicalMemory, words: HtifWords, write: (bytes: Uint8Array) => void) {
    this.ram = ram;
    this.words = words;
    this.write = write;
  }

  /** The exit code of a guest that has ended, without an answer to anything else. */
  get exitCode(): number | undefined {
    const request = this.ram.readU64(this.words.tohost);
    return request >> 56n === BigInt(SYSCALL_DEVICE) && (request & 1n) !== 0n
      ? Number((request & PAYLOAD) >> 1n)
      : undefined;
  }

  /** Answers the request that waits, if any. Returns the guest's exit code where it ended. */
  poll(): number | undefined {
    const code = this.exitCode;
    const request = this.ram.readU64(this.words.tohost);
    if (request === 0n) return undefined;
    this.ram.writeU64(this.words.tohost, 0n);
    const device = Number(request >> 56n);
    const command = Number((request >> 48n) & 0xffn);
    const payload = request & PAYLOAD;
    if (device === CONSOLE_DEVICE && command === CONSOLE_WRITE)
      this.write(Uint8Array.of(Number(payload & 0xffn)));
    if (device === SYSCALL_DEVICE && code === undefined) this.systemCall(Number(payload));
    return code;
  }

  private systemCall(block: number): void {
    if (block % 8 !== 0 || !this.isRam(block, 64)) return;
    const [number, , text, length] = [0, 1, 2, 3].map((i) => this.ram.readU64(block + i * 8));
    let result = -ENOSYS;
    if (number === SYS_WRITE && length <= MAX_TEXT && this.isRam(Number(text), Number(length))) {
      this.write(this.ram.read(Number(text), Number(length)));
      result = length;
    }
    this.ram.writeU64(block, BigInt.asUintN(64, result));
    if (this.words.fromhost !== undefined) this.ram.writeU64(this.words.fromhost, 1n);
  }

  private isRam(address: number, length: number): boolean {
    return length === 0 || (this.ram.contains(address) && this.ram.contains(address + length - 1));
  }
}
