import { describe, expect, test } from "vitest";
import { Arena, FRAME_SIZE } from "./arena.ts";

describe("buffers that are lent", () => {
  test("are zero each time, and the same memory again", () => {
    const arena = new Arena(1 << 20);
    const first = arena.lend(3 * FRAME_SIZE);
    expect(first.address).toBe(first.bytes.byteOffset);
    first.bytes.fill(0xaa);
    arena.u8[first.address - 1] = 1;
    arena.takeBack(first);
    const second = arena.lend(3 * FRAME_SIZE);
    expect(second.address).toBe(first.address);
    expect(second.bytes.every((byte) => byte === 0)).toBe(true);
    expect(arena.u8[first.address - 1]).toBe(1);
  });

  test("come from elsewhere where the arena is full", () => {
    const arena = new Arena(8 * FRAME_SIZE);
    const buffer = arena.lend(1 << 20);
    expect([buffer.address, buffer.bytes.length]).toEqual([0, 1 << 20]);
    arena.takeBack(buffer);
  });
});

test("a frame's copy has all of its bytes and no more", () => {
  const arena = new Arena(1 << 20);
  const [from, to] = [arena.allocateFrame(), arena.allocateFrame()];
  const bytes = Uint8Array.from({ length: FRAME_SIZE }, (_, i) => i * 11 + 1);
  arena.u8.set(bytes, from);
  const around = [arena.u8[to - 1], arena.u8[to + FRAME_SIZE]];
  arena.copyFrame(to, from);
  expect(arena.u8.slice(to, to + FRAME_SIZE)).toEqual(bytes);
  expect([arena.u8[to - 1], arena.u8[to + FRAME_SIZE]]).toEqual(around);
  arena.clearFrame(to);
  expect(arena.u8.slice(to, to + FRAME_SIZE).some((byte) => byte !== 0)).toBe(false);
  expect(arena.u8.slice(from, from + FRAME_SIZE)).toEqual(bytes);
});
