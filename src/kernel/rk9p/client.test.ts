import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { VfsError } from "../vfs/error.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { P9Client } from "./client.ts";
import type { P9Transport } from "./transport.ts";

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const u64 = (value: number) => [...u32(value >>> 0), ...u32(Math.floor(value / 2 ** 32))];
const text = (value: string) => [...u16(value.length), ...ascii(value)];
const qid = (path: number) => [0, ...u32(0), ...u64(path)];

/** A server whose next answers are given. */
class Script implements P9Transport {
  readonly tag = "script";
  readonly mostData = 4096;
  /** The type's number is added by the request's, unless the body comes with a whole header. */
  answer: (type: number) => readonly number[] = () => [];
  requests: number[][] = [];
  private last = new Uint8Array(0);

  exchange(request: Uint8Array): number {
    this.requests.push([...request]);
    this.last = Uint8Array.from(this.answer(request[4]));
    return this.last.length;
  }

  copy(offset: number, into: Uint8Array): void {
    into.set(this.last.subarray(offset, offset + into.length));
  }

  /** Answers with this body, whatever is asked. */
  says(body: readonly number[], { size = 7 + body.length, tag = 1, type = 1 } = {}): void {
    this.answer = (asked) => [...u32(size), asked + type, ...u16(tag), ...body];
  }
}

let server: Script;
let client: P9Client;

beforeEach(() => {
  server = new Script();
  server.says([...u32(4120), ...text("9P2000.L")], { tag: 0xffff });
  client = new P9Client(server);
});

test("a version is agreed on, or there is no client", () => {
  for (const body of [
    [...u32(4120), ...text("unknown")],
    [...u32(5000), ...text("9P2000.L")],
    [...u32(24), ...text("9P2000.L")],
    [],
  ]) {
    server.says(body, { tag: 0xffff });
    expect(failure(() => new P9Client(server))).toBe("EIO");
  }
});

describe("an answer is believed only where it keeps to the protocol:", () => {
  test("its size, tag and type", () => {
    server.says(qid(1), { tag: 2 });
    expect(failure(() => client.attach())).toBe("EIO");
    server.says(qid(1), { size: 100 });
    expect(failure(() => client.attach())).toBe("EIO");
    server.says(qid(1), { type: 3 });
    expect(failure(() => client.attach())).toBe("EIO");
    server.says(qid(1));
    expect(failure(() => client.attach())).toBe("");
  });

  test("errors are Linux's; an unknown one is EIO", () => {
    const fails = (code: number) => {
      server.answer = () => [...u32(11), 7, ...u16(1), ...u32(code)];
      return failure(() => client.sync(1));
    };
    expect([13, 28, 30, 116, 0, 5000, 0xffff_ffff].map(fails)).toEqual([
      "EACCES",
      "ENOSPC",
      "EROFS",
      "ESTALE",
      "EIO",
      "EIO",
      "EIO",
    ]);
  });

  test("counts of what was read or written", () => {
    const into = new Uint8Array(10);
    server.says([...u32(11), ...Array(11).fill(1)]);
    expect(failure(() => client.read(1, 0, into))).toBe("EIO");
    server.says([...u32(9), 1, 2]);
    expect(failure(() => client.read(1, 0, into))).toBe("EIO");
    server.says([...u32(2), 1, 2]);
    expect([client.read(1, 0, into), [...into.subarray(0, 3)]]).toEqual([2, [1, 2, 0]]);
    for (const count of [0, 11]) {
      server.says(u32(count));
      expect(failure(() => client.write(1, 0, into))).toBe("EIO");
    }
    server.says(u32(4));
    expect(client.write(1, 0, into)).toBe(4);
  });

  test("more names found than were asked for", () => {
    server.says([...u16(2), ...qid(1), ...qid(2)]);
    expect(failure(() => client.walk(1, ["a"]))).toBe("EIO");
    server.says([...u16(1), ...qid(1)]);
    expect(client.walk(1, ["a", "b"])).toBeUndefined();
  });

  test("names in directories", () => {
    const entry = (name: string) => [...qid(5), ...u64(1), 8, ...text(name)];
    for (const name of ["", "a/b", "a\0", "n".repeat(256)]) {
      const bytes = entry(name);
      server.says([...u32(bytes.length), ...bytes]);
      expect(
        failure(() => client.entries(1)),
        name.slice(0, 5),
      ).toBe("EIO");
    }
    const bytes = [...entry("."), ...entry(".."), ...entry("\xff")];
    let answers = 0;
    server.answer = (type) => {
      const body = answers++ === 0 ? [...u32(bytes.length), ...bytes] : u32(0);
      return [...u32(7 + body.length), type + 1, ...u16(1), ...body];
    };
    expect(client.entries(1)).toEqual([{ name: "\xff", ino: 5, type: 0o100000 }]);
  });

  test("targets of links", () => {
    for (const target of ["", "a\0b"]) {
      server.says(text(target));
      expect(failure(() => client.readLink(1))).toBe("EIO");
    }
  });

  test("sizes and times that nothing can have", () => {
    const attributes = (size: number[], fraction: number) => [
      ...[...u64(0x7ff), ...qid(9), ...u32(0o100644), ...u32(0), ...u32(0)],
      ...[...u64(1), ...u64(0), ...size, ...u64(4096), ...u64(8)],
      ...[...u64(5), ...u64(fraction), ...u64(5), ...u64(0), ...u64(5), ...u64(0)],
      ...Array(32).fill(0),
    ];
    server.says(attributes(u64(77), 3));
    expect(client.attributes(1)).toMatchObject({ ino: 9, size: 77, atime: 5_000_000_003n, mode: 0o100644 });
    server.says(attributes(Array(8).fill(255), 3));
    expect(failure(() => client.attributes(1))).toBe("EIO");
    server.says(attributes(u64(77), 1e9));
    expect(failure(() => client.attributes(1))).toBe("EIO");
  });

  test("whatever bytes come, there is an answer or an error", () => {
    const asks: (() => unknown)[] = [
      () => client.attach(),
      () => client.walk(1, ["a", "b"]),
      () => client.attributes(1),
      () => client.entries(1),
      () => client.readLink(1),
      () => client.open(1, true),
      () => client.use(1),
      () => client.read(1, 0, new Uint8Array(5000)),
      () => client.write(1, 0, new Uint8Array(5000)),
      () => client.clunk(1),
    ];
    fc.assert(
      fc.property(fc.nat(asks.length - 1), fc.array(fc.nat(255), { maxLength: 80 }), (which, body) => {
        let answers = 0;
        // It has to end by itself, or with the server.
        server.answer = (type) => {
          if (++answers > 50) return [];
          return [...u32(7 + body.length), type + 1, ...u16(1), ...body];
        };
        try {
          asks[which]();
        } catch (error) {
          expect(error).toBeInstanceOf(VfsError);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});

test("a name or a path that is too long is no request", () => {
  expect(failure(() => client.symlink(1, "n", "x".repeat(9000)))).toBe("ENAMETOOLONG");
});
