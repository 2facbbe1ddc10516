import { beforeEach, expect, test } from "vitest";
import { FdTable } from "./fd-table.ts";
import { POLL } from "./flags.ts";
import type { PipeEnd } from "./pipe.ts";
import { PipeMaker } from "./pipe.ts";
import { failure } from "./tree-fixture.ts";

let limit: number;
let fds: FdTable;
let reader: PipeEnd;
let writer: PipeEnd;

beforeEach(() => {
  limit = 8;
  fds = new FdTable(() => limit);
  [reader, writer] = new PipeMaker().create(0, 0n);
});

const closed = () => (writer.poll() & POLL.ERR) !== 0;

test("gives the lowest free number", () => {
  for (let i = 0; i < 4; i++) expect(fds.add(reader.retain(), false)).toBe(i);
  fds.close(1);
  expect(fds.add(reader.retain(), false)).toBe(1);
  expect(fds.add(reader.retain(), false, 6)).toBe(6);
  expect(fds.add(reader.retain(), false)).toBe(4);
  expect(fds.numbers()).toEqual([0, 1, 2, 3, 4, 6]);
  fds.close(3);
  fds.close(0);
  fds.set(0, reader.retain(), false);
  expect([1, 2, 3].map(() => fds.add(reader.retain(), false))).toEqual([3, 5, 7]);
  expect(failure(() => fds.add(reader.retain(), false))).toBe("EMFILE");
  fds.close(5);
  expect(fds.add(reader.retain(), false)).toBe(5);
});

test("gives as many as there may be in time proportional to them", () => {
  limit = 65536;
  // If each looked at all before it, this would take longer than a test may.
  for (let table = 0; table < 16; table++) {
    fds = new FdTable(() => limit);
    for (let i = 0; i < limit; i++) if (fds.add(reader, false) !== i) expect.fail(`not ${i}`);
  }
});

test("refuses at the limit and does not keep the file", () => {
  limit = 1;
  fds.add(reader.retain(), false);
  expect(failure(() => fds.add(reader.retain(), false))).toBe("EMFILE");
  expect(failure(() => fds.set(1, reader.retain(), false))).toBe("EBADF");
  expect(failure(() => fds.set(-1, reader.retain(), false))).toBe("EBADF");
  reader.release();
  expect(closed()).toBe(false);
  fds.close(0);
  expect(closed()).toBe(true);
});

test("no limit lets a guest pile up more than a fixed number", () => {
  limit = Number.POSITIVE_INFINITY;
  expect(fds.limit).toBe(65536);
});

test("a file closes with its last descriptor", () => {
  fds.add(reader, false);
  fds.set(5, reader.retain(), true);
  const child = fds.copy(() => limit);
  fds.close(0);
  fds.closeOnExec();
  expect(fds.numbers()).toEqual([]);
  expect(closed()).toBe(false);
  child.set(0, writer.retain(), false);
  child.release();
  expect(closed()).toBe(true);
  expect(failure(() => child.get(5))).toBe("EBADF");
  expect(failure(() => child.close(0))).toBe("EBADF");
});

test("putting a file over another closes that one, and over itself keeps it", () => {
  fds.add(reader, false);
  fds.set(0, reader.retain(), false);
  expect(closed()).toBe(false);
  fds.set(0, writer.retain(), false);
  expect(closed()).toBe(true);
});
