import { beforeEach, describe, expect, test } from "vitest";
import { Pte } from "../../cpu/sv39.ts";
import { bufferOf } from "../../memory/arena.ts";
import { errno } from "../syscalls/errno.ts";
import type { AddressSpace } from "./address-space.ts";
import { OutOfMemory } from "./resident-pages.ts";
import { testSpace } from "./space-fixture.ts";
import { UserFault } from "./user-memory.ts";
import { Prot } from "./vma.ts";

const PAGE = 4096;
const RW = Prot.read | Prot.write;
const RX = Prot.read | Prot.exec;
const AT = 0x10_0000;

let fixture: ReturnType<typeof testSpace>;
let space: AddressSpace;
beforeEach(() => {
  fixture = testSpace();
  space = fixture.space;
});

const flagsAt = (address: number) => space.table.lookup(address)?.flags ?? 0;

describe("mapping", () => {
  test("gives pages when they are touched, with the permissions asked for", () => {
    expect(space.map(AT, 64 * PAGE, { prot: RW })).toBe(0);
    expect(space.table.lookup(AT)).toBeUndefined();
    expect(space.fault(AT + 5, "read")).toBeUndefined();
    expect(flagsAt(AT) & (Pte.U | Pte.R | Pte.W | Pte.X)).toBe(Pte.U | Pte.R | Pte.W);
    expect(space.fault(AT, "execute")).toBe("forbidden");
    expect(space.fault(AT - 1, "read")).toBe("unmapped");
  });

  test("never lets a page be writable and executable, unless that is allowed", () => {
    expect(space.map(AT, PAGE, { prot: RW | Prot.exec })).toBe(-errno.EACCES);
    space.map(AT, PAGE, { prot: RW });
    expect(space.protect(AT, PAGE, RW | Prot.exec)).toBe(-errno.EACCES);
    expect(space.fault(AT, "write")).toBeUndefined();
    const { space: lax } = testSpace(256, true);
    expect(lax.map(AT, PAGE, { prot: RW | Prot.exec })).toBe(0);
    expect(lax.fault(AT, "execute")).toBeUndefined();
  });

  test("guards fault, stay, and are told apart", () => {
    space.map(AT, PAGE, { prot: Prot.none, name: "[stack guard]", guard: true });
    expect(space.fault(AT, "read")).toBe("unmapped");
    expect(space.unmap(AT - PAGE, 3 * PAGE)).toBe(-errno.EACCES);
    expect(space.protect(AT, PAGE, RW)).toBe(-errno.EACCES);
    expect(space.map(AT, PAGE, { prot: RW })).toBe(-errno.EACCES);
    expect(space.describe(AT)).toMatchObject({ name: "[stack guard]", guard: true });
  });

  test("unmapping gives the frames back, zeroed for the next owner", () => {
    const before = fixture.allocator.freePages;
    space.map(AT, 64 * PAGE, { prot: RW });
    space.fill(AT, 64 * PAGE, 0xaa);
    expect(fixture.allocator.freePages).toBeLessThanOrEqual(before - 64);
    expect(space.unmap(AT, 64 * PAGE)).toBe(0);
    expect(space.resident.count).toBe(0);
    space.map(AT, 64 * PAGE, { prot: RW });
    expect(space.read(AT, 64 * PAGE).every((byte) => byte === 0)).toBe(true);
    space.release();
    expect(fixture.allocator.freePages).toBe(4096);
  });

  test("mprotect changes mapped pages at once, takes all access away and gives it back with the contents", () => {
    space.map(AT, 2 * PAGE, { prot: RW });
    space.writeU8(AT, 7);
    fixture.fences.length = 0;
    expect(space.protect(AT, PAGE, Prot.none)).toBe(0);
    expect(fixture.fences).toEqual([[AT, 1]]);
    expect(flagsAt(AT) & Pte.U).toBe(0);
    expect(() => space.readU8(AT)).toThrow(UserFault);
    space.protect(AT, PAGE, Prot.read);
    expect(space.readU8(AT)).toBe(7);
    expect(() => space.writeU8(AT, 1)).toThrow(UserFault);
    expect(space.protect(AT, 3 * PAGE, Prot.read)).toBe(-errno.ENOMEM);
  });

  test("bytes are copied across pages, to and from buffers in the arena and elsewhere, as far as there are pages", () => {
    const { arena } = fixture.ram;
    space.map(AT, 3 * PAGE, { prot: RW });
    const bytes = Uint8Array.from({ length: 2 * PAGE }, (_, i) => i * 7);
    for (const buffer of [arena.lend(2 * PAGE + 64), bufferOf(new Uint8Array(2 * PAGE + 64))]) {
      space.fill(AT, 3 * PAGE, 0);
      buffer.bytes.set(bytes, 64);
      expect(space.copyIn(AT + 100, bytes.length, buffer, 64)).toBeUndefined();
      expect(space.read(AT + 100, bytes.length)).toEqual(bytes);
      expect([space.readU8(AT + 99), space.readU8(AT + 100 + bytes.length)]).toEqual([0, 0]);
      buffer.bytes.fill(0);
      space.copyOut(AT + 100, bytes.length, buffer, 64);
      expect(buffer.bytes.slice(64)).toEqual(bytes);
      expect(() => space.copyOut(AT + PAGE + 1, 2 * PAGE, buffer, 0)).toThrow(UserFault);
      arena.takeBack(buffer);
    }
    expect(space.reach(AT + 1, 5 * PAGE, "write")).toBe(3 * PAGE - 1);
    space.protect(AT + PAGE, PAGE, Prot.read);
    expect(space.reach(AT + 1, 3 * PAGE - 1, "read")).toBe(3 * PAGE - 1);
    expect(space.reach(AT + 1, 3 * PAGE - 1, "write")).toBe(PAGE - 1);
    for (const at of [AT - 1, -1, 2 ** 62, AT + 3 * PAGE])
      expect(() => space.reach(at, 4, "read")).toThrow(UserFault);
  });

  test("memory that is used up is a fault, not a crash", () => {
    const { space: small } = testSpace(64);
    small.map(AT, 256 * PAGE, { prot: RW });
    let touched = 0;
    while (small.fault(AT + touched * PAGE, "write") === undefined) touched++;
    expect(small.fault(AT + touched * PAGE, "write")).toBe("outOfMemory");
    expect(touched).toBeGreaterThan(50);
    expect(touched).toBeLessThan(64);
  });
});

describe("memory that is used up by page tables", () => {
  const GiB = 2 ** 30;
  const FAR = [1, 2, 3].map((number) => number * GiB);

  /** Two pages far apart with two tables each; beside the root there is room for one page more. */
  beforeEach(() => {
    fixture = testSpace(8);
    space = fixture.space;
    for (const at of FAR) space.map(at, PAGE, { prot: RW });
    space.writeU32(FAR[0], 41);
    space.writeU32(FAR[1], 42);
  });

  test("costs a fault no frame", () => {
    expect(fixture.allocator.freePages).toBe(1);
    expect(space.fault(FAR[2], "write")).toBe("outOfMemory");
    expect(space.resident.count).toBe(2);
    space.release();
    expect(fixture.allocator.freePages).toBe(8);
  });

  test("gives nothing to a space that the search for memory has ended", () => {
    const { space: ended, context } = testSpace(16);
    ended.map(AT, 64 * PAGE, { prot: RW });
    for (let at = AT; ended.fault(at, "write") === undefined; at += PAGE);
    const { allocator } = context.frames;
    context.outOfMemory.makeRoom = () => {
      ended.release();
      return true;
    };
    expect(ended.fault(AT + 63 * PAGE, "write")).toBe("outOfMemory");
    expect(allocator.freePages).toBe(allocator.totalPages);
  });

  test("leaves what could not be moved", () => {
    expect(() => space.move(FAR[0], PAGE, 5 * GiB, PAGE)).toThrow(OutOfMemory);
    expect(space.readU32(FAR[0])).toBe(41);
    expect(space.describe(5 * GiB)).toBeUndefined();
    space.release();
    expect(fixture.allocator.freePages).toBe(8);
  });
});

describe("the break", () => {
  beforeEach(() => space.setLayout({ start: AT, end: AT + 100 * PAGE }, { start: 2 * AT, end: 4 * AT }));

  test("moves up and down by bytes and maps whole pages", () => {
    expect(space.setBreak(0)).toBe(AT);
    expect(space.setBreak(AT + 100)).toBe(AT + 100);
    space.writeU8(AT + PAGE - 1, 1);
    expect(() => space.writeU8(AT + PAGE, 1)).toThrow(UserFault);
    expect(space.setBreak(AT + 3 * PAGE)).toBe(AT + 3 * PAGE);
    expect(space.mappings()).toMatchObject([{ start: AT, end: AT + 3 * PAGE, name: "[heap]" }]);
    space.setBreak(AT + 10);
    expect(space.mappings()).toMatchObject([{ start: AT, end: AT + PAGE }]);
  });

  test("stays where it is beyond its end or over another mapping", () => {
    expect(space.setBreak(AT + 101 * PAGE)).toBe(AT);
    space.map(AT + 10 * PAGE, PAGE, { prot: RW });
    expect(space.setBreak(AT + 11 * PAGE)).toBe(AT);
    expect(space.setBreak(AT + 10 * PAGE)).toBe(AT + 10 * PAGE);
  });

  test("mmap finds room from the top of its area down", () => {
    const first = space.findRoom(2 * PAGE);
    expect(first).toBe(4 * AT - 2 * PAGE);
    space.map(first, 2 * PAGE, { prot: RW });
    expect(space.findRoom(PAGE)).toBe(first - PAGE);
  });
});

describe("files", () => {
  const file = (size: number) => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    return {
      bytes,
      name: "/file",
      size,
      readAt(offset: number, into: Uint8Array) {
        const part = bytes.subarray(offset, offset + into.length);
        into.set(part);
        return part.length;
      },
      writeAt(offset: number, from: Uint8Array) {
        bytes.set(from, offset);
        return true;
      },
    };
  };

  test("a private mapping shows the file, zeros after its end, and keeps its writes", () => {
    const backing = file(PAGE + 100);
    space.map(AT, 3 * PAGE, { prot: RW, backing });
    expect(space.readU8(AT + PAGE + 99)).toBe((PAGE + 99) % 251);
    expect(space.readU8(AT + PAGE + 100)).toBe(0);
    expect(space.fault(AT + 2 * PAGE, "read")).toBe("beyondFile");
    space.writeU8(AT, 99);
    space.unmap(AT, 3 * PAGE);
    expect(backing.bytes[0]).toBe(0);
  });

  test("an offset starts there, and parts keep their place in the file", () => {
    const backing = file(4 * PAGE);
    space.map(AT, 2 * PAGE, { prot: Prot.read, backing, offset: 2 * PAGE });
    space.unmap(AT, PAGE);
    expect(space.readU8(AT + PAGE + 3)).toBe((3 * PAGE + 3) % 251);
  });

  test("shared mappings of one file see each other's writes, and the file gets them", () => {
    const backing = file(2 * PAGE + 10);
    space.map(AT, 3 * PAGE, { prot: RW, shared: true, backing });
    space.map(2 * AT, 3 * PAGE, { prot: Prot.read, shared: true, backing });
    space.writeU8(AT + 5, 200);
    expect(space.readU8(2 * AT + 5)).toBe(200);
    space.writeU8(AT + 2 * PAGE + 9, 201);
    space.unmap(AT, 3 * PAGE);
    expect(backing.bytes[5]).toBe(5);
    space.unmap(2 * AT, 3 * PAGE);
    expect(backing.bytes[5]).toBe(200);
    expect(backing.bytes[2 * PAGE + 9]).toBe(201);
  });

  test("a page of a shared file is read-only to the hart until it is written", () => {
    const backing = file(PAGE);
    space.map(AT, PAGE, { prot: RW, shared: true, backing });
    space.fault(AT, "read");
    expect(flagsAt(AT) & Pte.W).toBe(0);
    space.fault(AT, "write");
    expect(flagsAt(AT) & Pte.W).toBe(Pte.W);
  });
});

describe("a child", () => {
  test("shares private pages until one side writes", () => {
    space.map(AT, 2 * PAGE, { prot: RW });
    space.writeU32(AT, 1);
    const used = fixture.allocator.freePages;
    const child = space.fork();
    expect(child.readU32(AT)).toBe(1);
    expect(used - fixture.allocator.freePages).toBeLessThan(8);
    expect(flagsAt(AT) & Pte.W).toBe(0);
    space.writeU32(AT, 2);
    expect(child.readU32(AT)).toBe(1);
    child.writeU32(AT, 3);
    expect(space.readU32(AT)).toBe(2);
    child.release();
    expect(space.readU32(AT)).toBe(2);
    space.writeU32(AT, 4);
    space.release();
    expect(fixture.allocator.freePages).toBe(4096);
  });

  test("shares what is shared", () => {
    space.map(AT, PAGE, { prot: RW, shared: true });
    space.writeU32(AT, 1);
    const child = space.fork();
    child.writeU32(AT, 2);
    expect(space.readU32(AT)).toBe(2);
  });

  test("gives back what it shared, a group of pages at the first write", () => {
    space.map(AT, 40 * PAGE, { prot: RW });
    space.fill(AT, 40 * PAGE, 1);
    const child = space.fork();
    child.writeU8(AT + 3 * PAGE, 2);
    const other = space.fork();
    child.release();
    other.discard(AT, 14 * PAGE);
    const faults = space.faults;
    for (let page = 0; page < 14; page++) space.writeU8(AT + page * PAGE, 3);
    expect(space.faults).toBe(faults + 1);
    for (const page of [14, 15, 16]) expect(flagsAt(AT + page * PAGE) & Pte.W).toBe(0);
    for (const page of [14, 39]) space.writeU8(AT + page * PAGE, 3);
    expect([14, 39].map((page) => other.readU8(AT + page * PAGE))).toEqual([1, 1]);
  });

  test("mprotect does not give a shared page back its write permission", () => {
    space.map(AT, PAGE, { prot: RW });
    space.writeU32(AT, 1);
    const child = space.fork();
    space.protect(AT, PAGE, Prot.read);
    space.protect(AT, PAGE, RW);
    space.writeU32(AT, 2);
    expect(child.readU32(AT)).toBe(1);
  });
});

describe("moving", () => {
  test("takes the contents along and leaves nothing", () => {
    space.map(AT, 4 * PAGE, { prot: RW });
    space.writeU32(AT + PAGE, 42);
    expect(space.move(AT, 4 * PAGE, 2 * AT, 8 * PAGE)).toBe(0);
    expect(space.readU32(2 * AT + PAGE)).toBe(42);
    space.writeU8(2 * AT + 8 * PAGE - 1, 1);
    expect(space.fault(AT, "read")).toBe("unmapped");
  });
});

describe("the kernel's access", () => {
  test("crosses pages at any alignment", () => {
    space.map(AT, 2 * PAGE, { prot: RW });
    space.writeU64(AT + PAGE - 3, 0x0123_4567_89ab_cdefn);
    expect(space.readU64(AT + PAGE - 3)).toBe(0x0123_4567_89ab_cdefn);
    expect(space.readU32(AT + PAGE - 1)).toBe(0x4567_89ab);
    space.writeWord(AT + PAGE - 4, -5);
    expect(space.readWord(AT + PAGE - 4)).toBe(-5);
    space.writeU16(AT + PAGE - 1, 0xbeef);
    expect(space.readU16(AT + PAGE - 1)).toBe(0xbeef);
  });

  test("faults like user code: at the first byte that cannot be reached, or with what was done", () => {
    space.map(AT, PAGE, { prot: RW });
    expect(() => space.readU64(AT + PAGE - 4)).toThrow(UserFault);
    expect(() => space.read(-8, 8)).toThrow(UserFault);
    expect(() => space.readU8(2 ** 38)).toThrow(UserFault);
    expect(() => space.readU8(Number.NaN)).toThrow(UserFault);
    expect(space.pieces(AT + 10, 2 * PAGE, "write", () => {})).toBe(PAGE - 10);
    expect(() => space.pieces(AT + PAGE, 1, "read", () => {})).toThrow(UserFault);
    expect(space.pieces(AT + PAGE, 0, "read", () => {})).toBe(0);
  });

  test("reads strings across pages, and says when there is no end", () => {
    space.map(AT, 2 * PAGE, { prot: RW });
    space.fill(AT, PAGE + 10, 65);
    expect(space.readCString(AT + PAGE - 2, 100)?.length).toBe(12);
    expect(space.readCString(AT, PAGE)).toBeUndefined();
    space.fill(AT, 2 * PAGE, 65);
    expect(() => space.readCString(AT + 2 * PAGE - 5, 100)).toThrow(UserFault);
  });

  test("tells of pages it writes, whose decoded code is stale", () => {
    space.map(AT, PAGE, { prot: RW });
    space.writeU8(AT, 1);
    expect(fixture.written).toContain(space.table.lookup(AT)!.page);
  });

  test("the loader writes whatever the protection", () => {
    space.map(AT, PAGE, { prot: RX, name: "text" });
    space.forcedPage(AT + 8)[8] = 0x13;
    expect(space.readU8(AT + 8)).toBe(0x13);
    expect(() => space.writeU8(AT, 1)).toThrow(UserFault);
    expect(flagsAt(AT) & (Pte.W | Pte.X)).toBe(Pte.X);
  });
});
