import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { Backing } from "../rkvm/backing.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { Prot } from "../rkvm/vma.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { Tree } from "../vfs/tree-fixture.ts";

const PAGE = 4096;
const RW = Prot.read | Prot.write;
const AT = 0x10_0000;

function fileOf(bytes: number): OpenFile {
  const tree = new Tree(new RamFilesystem({ limit: 1 << 24, now: () => 0n }));
  tree.write("/f", "");
  const file = tree.open("/f", 2);
  if (bytes > 0)
    file.writeAt(
      Uint8Array.from({ length: bytes }, (_, i) => i % 251),
      0,
    );
  return file;
}

const backingOf = (file: OpenFile): Backing => file.backing() as Backing;

function contents(file: OpenFile): Uint8Array {
  const bytes = new Uint8Array(file.attributes().size);
  file.readAt(bytes, 0);
  return bytes;
}

describe("a file's pages", () => {
  test("are held once however often they are mapped, and stay for who maps them next", () => {
    const { space, cache, allocator, context } = withCache();
    const file = fileOf(8 * PAGE);
    space.map(AT, 8 * PAGE, { prot: Prot.read, backing: backingOf(file) });
    space.read(AT, 8 * PAGE);
    expect(cache.pages).toBe(8);
    const free = allocator.freePages;
    const other = space.fork();
    other.map(2 * AT, 8 * PAGE, { prot: Prot.read, backing: backingOf(file) });
    expect(difference(other.read(2 * AT, 8 * PAGE), contents(file))).toBe(-1);
    // Page tables alone.
    expect(free - allocator.freePages).toBeLessThanOrEqual(4);
    other.release();
    space.release();
    expect(cache.pages).toBe(8);
    expect(context.frames.reclaim()).toBe(true);
    expect(cache.pages).toBe(0);
    expect(allocator.freePages).toBe(allocator.totalPages);
  });

  test("of a private mapping are copied by the first write, and no other's", () => {
    const { space } = withCache();
    const file = fileOf(PAGE);
    space.map(AT, PAGE, { prot: RW, backing: backingOf(file) });
    space.map(2 * AT, PAGE, { prot: RW, backing: backingOf(file) });
    space.writeU8(AT, 99);
    expect([space.readU8(AT), space.readU8(2 * AT), contents(file)[0]]).toEqual([99, 0, 0]);
    file.writeAt(Uint8Array.of(7), 0);
    expect([space.readU8(AT), space.readU8(2 * AT)]).toEqual([99, 7]);
  });

  test("of a shared mapping are what read and write see, before anything is written back", () => {
    const { space } = withCache();
    const file = fileOf(2 * PAGE);
    space.map(AT, 2 * PAGE, { prot: RW, shared: true, backing: backingOf(file) });
    space.writeU8(AT + PAGE, 77);
    expect(contents(file)[PAGE]).toBe(77);
    file.writeAt(Uint8Array.of(1, 2, 3), PAGE - 1);
    expect([...space.read(AT + PAGE - 1, 3)]).toEqual([1, 2, 3]);
    space.writeU8(AT + PAGE, 78);
    expect(contents(file)[PAGE]).toBe(78);
  });

  test("are written back once for each time they were written", () => {
    const { space, cache } = withCache();
    const file = fileOf(2 * PAGE);
    const backing = backingOf(file);
    space.map(AT, 2 * PAGE, { prot: RW, shared: true, backing });
    const written: number[] = [];
    const writeAt = backing.writeAt?.bind(backing);
    backing.writeAt = (offset, bytes) => {
      written.push(offset);
      return writeAt?.(offset, bytes) ?? false;
    };
    for (const byte of [1, 2]) {
      space.writeU8(AT + PAGE, byte);
      file.sync();
      file.sync();
    }
    expect(written).toEqual([PAGE, PAGE]);
    expect(cache.pages).toBe(2);
    space.writeU8(AT, 3);
    space.unmap(AT, 2 * PAGE);
    expect(written).toEqual([PAGE, PAGE, 0]);
    expect([contents(file)[0], contents(file)[PAGE]]).toEqual([3, 2]);
  });

  test("fault beyond the end once the file is shorter, and are zeros where it grows again", () => {
    const { space } = withCache();
    const file = fileOf(3 * PAGE);
    space.map(AT, 3 * PAGE, { prot: RW, shared: true, backing: backingOf(file) });
    space.map(2 * AT, 3 * PAGE, { prot: RW, backing: backingOf(file) });
    space.fill(AT, 3 * PAGE, 0xaa);
    space.fill(2 * AT, 3 * PAGE, 0xbb);
    file.truncate(PAGE + 10);
    for (const at of [AT, 2 * AT]) {
      expect(space.fault(at + 2 * PAGE, "read")).toBe("beyondFile");
      expect(space.readU8(at + PAGE + 9)).not.toBe(0);
    }
    expect(space.readU8(AT + PAGE + 10)).toBe(0);
    file.truncate(3 * PAGE);
    expect([space.readU8(AT + PAGE + 10), space.readU8(AT + 2 * PAGE)]).toEqual([0, 0]);
    expect(
      contents(file)
        .subarray(PAGE + 10)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test("have nothing behind the file's end for who maps them next", () => {
    const { space } = withCache();
    const file = fileOf(100);
    space.map(AT, PAGE, { prot: RW, shared: true, backing: backingOf(file) });
    space.fill(AT + 90, 20, 0xaa);
    space.unmap(AT, PAGE);
    space.map(AT, PAGE, { prot: RW, shared: true, backing: backingOf(file) });
    expect([space.readU8(AT + 99), space.readU8(AT + 100)]).toEqual([0xaa, 0]);
  });

  test("that were written come to the file when memory is short", () => {
    const { space, cache, context } = withCache(256);
    const file = fileOf(16 * PAGE);
    space.map(AT, 16 * PAGE, { prot: RW, shared: true, backing: backingOf(file) });
    space.fill(AT, 16 * PAGE, 0xcc);
    while (context.frames.reclaim());
    expect(cache.pages).toBeLessThanOrEqual(4);
    expect(space.read(AT, 16 * PAGE).every((byte) => byte === 0xcc)).toBe(true);
  });

  test("make room for who wants memory, and nobody is killed for them", () => {
    const { space } = withCache(256);
    const file = fileOf(128 * PAGE);
    space.map(AT, 128 * PAGE, { prot: Prot.read, backing: backingOf(file) });
    space.read(AT, 128 * PAGE);
    space.map(4 * AT, 230 * PAGE, { prot: RW });
    space.fill(4 * AT, 230 * PAGE, 1);
    expect(space.readU8(AT + 100 * PAGE)).toBe((100 * PAGE) % 251);
  });
});

/** Where two arrays first differ, or -1: much quicker than to compare them as objects. */
function difference(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) return Math.min(one.length, other.length);
  return one.findIndex((byte, i) => byte !== other[i]);
}

function withCache(pages = 4096) {
  const fixture = testSpace(pages);
  return { ...fixture, cache: fixture.context.cache };
}

/** A mapping as it should be: the file's page, or a copy of it. */
interface ModelMapping {
  readonly space: number;
  readonly slot: number;
  readonly shared: boolean;
  readonly copies: Map<number, Uint8Array>;
}

const PAGES = 6;
const operation = fc.record({
  kind: fc.constantFrom(
    ...(["map", "unmap", "store", "store", "load", "write", "read", "truncate", "fork", "sync"] as const),
    ...(["reclaim", "punch"] as const),
  ),
  which: fc.nat(20),
  at: fc.nat(PAGES * PAGE - 1),
  length: fc.integer({ min: 1, max: 2 * PAGE }),
  byte: fc.integer({ min: 1, max: 255 }),
  shared: fc.boolean(),
});

describe("against a model", () => {
  /** The file as an array of bytes, and every mapping as copies of pages that were written. */
  class Model {
    bytes = new Uint8Array(0);
    mappings: ModelMapping[] = [];

    page(mapping: ModelMapping, index: number): Uint8Array {
      const copy = mapping.copies.get(index);
      if (copy) return copy;
      const page = new Uint8Array(PAGE);
      page.set(this.bytes.subarray(index * PAGE, (index + 1) * PAGE));
      return page;
    }

    resize(size: number): void {
      const bytes = new Uint8Array(size);
      bytes.set(this.bytes.subarray(0, size));
      this.bytes = bytes;
      for (const { copies } of this.mappings)
        for (const index of [...copies.keys()]) if (index * PAGE >= size) copies.delete(index);
    }

    write(at: number, from: Uint8Array): void {
      if (at + from.length > this.bytes.length) this.resize(at + from.length);
      this.bytes.set(from, at);
    }
  }

  test("mappings, read, write, truncation, forks and lack of memory in any order", () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 40, maxLength: 120 }), (operations) => {
        const { space, context } = testSpace(1024);
        const spaces: AddressSpace[] = [space];
        const file = fileOf(0);
        const model = new Model();
        let slots = 0;
        const addressOf = ({ slot }: ModelMapping) => AT + slot * PAGES * PAGE;
        for (const { kind, which, at, length, byte, shared } of operations) {
          const mapping = model.mappings[which % Math.max(1, model.mappings.length)];
          const index = Math.floor(at / PAGE);
          switch (kind) {
            case "map": {
              const owner = which % spaces.length;
              const one = { space: owner, slot: slots++, shared, copies: new Map() };
              model.mappings.push(one);
              spaces[owner].map(addressOf(one), PAGES * PAGE, {
                prot: RW,
                shared,
                backing: backingOf(file),
              });
              break;
            }
            case "unmap":
              if (!mapping) break;
              spaces[mapping.space].unmap(addressOf(mapping), PAGES * PAGE);
              model.mappings.splice(model.mappings.indexOf(mapping), 1);
              break;
            case "store": {
              // A byte behind the end is in no file, and Linux does not say what becomes of it.
              if (!mapping || at >= model.bytes.length) break;
              spaces[mapping.space].writeU8(addressOf(mapping) + at, byte);
              if (mapping.shared) model.bytes[at] = byte;
              else {
                const copy = model.page(mapping, index);
                copy[at % PAGE] = byte;
                mapping.copies.set(index, copy);
              }
              break;
            }
            case "load": {
              if (!mapping) break;
              const load = () => spaces[mapping.space].readU8(addressOf(mapping) + at);
              if (index * PAGE >= model.bytes.length) expect(load).toThrow(UserFault);
              else expect(load()).toBe(model.page(mapping, index)[at % PAGE]);
              break;
            }
            case "write": {
              const from = new Uint8Array(length).fill(byte);
              file.writeAt(from, at);
              model.write(at, from);
              break;
            }
            case "read": {
              const into = new Uint8Array(length);
              const count = file.readAt(into, at);
              expect(difference(into.subarray(0, count), model.bytes.slice(at, at + length))).toBe(-1);
              break;
            }
            case "truncate":
              file.truncate(at);
              model.resize(at);
              break;
            case "fork": {
              if (spaces.length === 4) break;
              const parent = which % spaces.length;
              const child = spaces.push(spaces[parent].fork()) - 1;
              for (const one of model.mappings.filter(({ space: owner }) => owner === parent))
                model.mappings.push({
                  ...one,
                  space: child,
                  copies: new Map([...one.copies].map(([page, bytes]) => [page, bytes.slice()])),
                });
              break;
            }
            case "sync":
              file.sync();
              break;
            case "reclaim":
              context.frames.reclaim();
              break;
            case "punch": {
              const object = mapping && spaces[mapping.space].areas.find(addressOf(mapping))?.object;
              if (!object) break;
              object.punch(index * PAGE, (index + 1) * PAGE);
              model.bytes.fill(0, index * PAGE, (index + 1) * PAGE);
              break;
            }
          }
        }
        expect(difference(contents(file), model.bytes)).toBe(-1);
        for (const mapping of model.mappings)
          for (let index = 0; index * PAGE < Math.min(model.bytes.length, PAGES * PAGE); index++) {
            const bytes = spaces[mapping.space].read(addressOf(mapping) + index * PAGE, PAGE);
            expect(difference(bytes, model.page(mapping, index))).toBe(-1);
          }
        for (const one of spaces) one.release();
        while (context.frames.reclaim());
        expect(context.frames.allocator.freePages).toBe(1024);
        expect(difference(contents(file), model.bytes)).toBe(-1);
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
