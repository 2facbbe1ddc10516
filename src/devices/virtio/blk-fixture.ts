import type { Disk } from "../disk.ts";
import { settled } from "./work-fixture.ts";

export const SECTOR = 512;

/** A row of bytes that records what is asked of it. While it is held nothing ends before it is let go. */
export class RecordingDisk implements Disk {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly calls: string[] = [];
  isHeld = false;
  isBroken = false;
  private readonly waiting: (() => void)[] = [];

  /** Each byte of sector n is n + 1. */
  constructor(sectors: number, readOnly = false) {
    this.sizeBytes = sectors * SECTOR;
    this.bytes = Uint8Array.from({ length: this.sizeBytes }, (_, i) => Math.floor(i / SECTOR) + 1);
    this.readOnly = readOnly;
  }

  /** Operations under way. */
  get underWay(): number {
    return this.waiting.length;
  }

  /** Ends one of them. */
  async letGo(index = 0): Promise<void> {
    this.waiting.splice(index, 1)[0]();
    await settled();
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.record(`read ${offset} ${length}`, () => this.bytes.slice(offset, offset + length));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    return this.record(`write ${offset} ${bytes.length}`, () => this.bytes.set(copy, offset));
  }

  flush(): Promise<void> {
    return this.record("flush", () => {});
  }

  discard(offset: number, length: number): Promise<void> {
    return this.record(`discard ${offset} ${length}`, () => {});
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    return this.record(`zero ${offset} ${length}`, () => {
      this.bytes.fill(0, offset, offset + length);
    });
  }

  async close(): Promise<void> {}

  private async record<T>(call: string, action: () => T): Promise<T> {
    this.calls.push(call);
    if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.isBroken) throw new Error("the host's disk is broken");
    return action();
  }
}
