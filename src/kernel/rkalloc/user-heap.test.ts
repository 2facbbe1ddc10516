import { expect, test } from "vitest";
import { tlsf } from "../rkalloctlsf/kind.ts";
import { UserFault, type UserMemory } from "../rkvm/user-memory.ts";
import { AreaAllocator } from "./area-allocator.ts";
import { UserHeap } from "./user-heap.ts";

const BASE = 0x10_0000;

/** A process that has `length` bytes mapped from BASE. */
function process(length: number) {
  const bytes = new Uint8Array(length).fill(0xaa);
  const part = (address: number, count: number) => {
    if (address < BASE || address + count > BASE + length) throw new UserFault(address);
    return bytes.subarray(address - BASE, address - BASE + count);
  };
  const memory = {
    read: (address: number, count: number) => part(address, count).slice(),
    write: (address: number, from: Uint8Array) => part(address, from.length).set(from),
    fill: (address: number, count: number, byte: number) => part(address, count).fill(byte),
  };
  return { bytes, memory: memory as unknown as UserMemory };
}

test("a heap in a process's memory clears and moves blocks there", () => {
  const { bytes, memory } = process(1 << 20);
  const allocator = new AreaAllocator(tlsf, new UserHeap(memory));
  allocator.addmem(BASE, bytes.length);
  const block = allocator.calloc(3, 70_000);
  expect(bytes.subarray(0, 210_000).every((byte) => byte === 0)).toBe(true);
  expect(bytes[allocator.usableSize(block)]).toBe(0xaa);
  bytes.fill(7, 0, 210_000);
  allocator.malloc(1);
  const moved = allocator.realloc(block, 300_000) - BASE;
  expect(moved).toBeGreaterThan(0);
  expect(bytes.subarray(moved, moved + 210_000).every((byte) => byte === 7)).toBe(true);
});

test("memory that the process has unmapped gives no block and no fault", () => {
  const { memory } = process(100_000);
  const allocator = new AreaAllocator(tlsf, new UserHeap(memory));
  allocator.addmem(BASE, 1 << 20);
  expect(allocator.calloc(1, 200_000)).toBe(0);
  const block = allocator.malloc(90_000);
  allocator.malloc(1);
  expect(allocator.realloc(block, 200_000)).toBe(0);
  expect(allocator.stats().blocks).toBe(2);
});
