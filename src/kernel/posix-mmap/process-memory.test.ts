import { beforeEach, expect, test } from "vitest";
import { type Credentials, credentialsFor } from "../rkprocess/credentials.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { processMemorySyscalls } from "./process-memory.ts";

const PAGE = 4096;
const AT = 0x1000_0000;
const RW = Prot.read | Prot.write;
const [READ, WRITE] = ["process_vm_readv", "process_vm_writev"];

let here: AddressSpace;
let there: AddressSpace;
let thread: Thread;
const credentials = credentialsFor(1, 1);
let other: { memory: AddressSpace; credentials: Credentials; control: { dumpable: boolean } };

beforeEach(() => {
  here = testSpace(64).space;
  there = testSpace(64).space;
  for (const space of [here, there]) space.map(AT, 4 * PAGE, { prot: RW });
  other = { memory: there, credentials, control: { dumpable: true } };
  const table = { find: (pid: number) => (pid === 7 ? other : undefined) };
  const kernel = { use: (wanted: unknown) => (wanted === processTable ? table : undefined) };
  thread = { process: { memory: here, credentials }, memory: here, kernel } as unknown as Thread;
});

/** Parts are address and length, one after the other. */
function call(name: string, local: number[], remote: number[], pid = 7, flags = 0): number {
  [...local, ...remote].forEach((word, i) => void here.writeWord(AT + 2 * PAGE + i * 8, word));
  const row = processMemorySyscalls.find((one) => one.name === name);
  const at = AT + 2 * PAGE;
  return row?.run(
    thread,
    pid,
    at,
    local.length / 2,
    at + local.length * 8,
    remote.length / 2,
    flags,
  ) as number;
}

test("bytes go from parts to parts of other lengths", () => {
  there.write(AT, Buffer.from("abcdefgh"));
  expect(call(READ, [AT, 3, AT + 100, 5], [AT + 1, 1, 0, 0, AT + 3, 5])).toBe(6);
  expect(Buffer.from(here.read(AT, 3)).toString() + Buffer.from(here.read(AT + 100, 3))).toBe("bdefgh");
  here.write(AT, Buffer.from("XYZ"));
  expect(call(WRITE, [AT, 3], [AT + PAGE - 1, 3])).toBe(3);
  expect(Buffer.from(there.read(AT + PAGE - 1, 3)).toString()).toBe("XYZ");
});

test("what is not there ends it, as far as it got", () => {
  expect(call(READ, [AT, 100], [AT + 4 * PAGE - 10, 100])).toBe(10);
  expect(() => call(READ, [AT, 5], [8, 5])).toThrow(UserFault);
  there.protect(AT, PAGE, Prot.read);
  expect(() => call(WRITE, [AT, 5], [AT, 5])).toThrow(UserFault);
});

test("arguments are looked at before the process is looked for", () => {
  expect(call(READ, [AT, 5], [AT, 5], 8)).toBe(-errno.ESRCH);
  expect(call(READ, [], [], 8)).toBe(0);
  expect(call(READ, [AT, 5], [AT, 5], 7, 1)).toBe(-errno.EINVAL);
  expect(call(READ, [AT, -1], [AT, 5])).toBe(-errno.EINVAL);
});

test("only a process's own user, and root, may", () => {
  other.credentials = credentials.with({ suid: 2 });
  expect(call(READ, [AT, 5], [AT, 5])).toBe(-errno.EPERM);
  other.credentials = credentials;
  other.control.dumpable = false;
  expect(call(READ, [AT, 5], [AT, 5])).toBe(-errno.EPERM);
});
