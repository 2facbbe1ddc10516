import { beforeEach, describe, expect, test } from "vitest";
import { ALL_CAPABILITIES, Capability, NO_CAPABILITIES, setOf } from "../rkprocess/capabilities.ts";
import { type Credentials, credentialsFor, ROOT, SecureBit } from "../rkprocess/credentials.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { capabilitySyscalls } from "./capabilities.ts";
import { controlSyscalls } from "./control.ts";
import { identitySyscalls } from "./identity.ts";

const AT = 0x1000_0000;
const KEEP = -1;
const user = credentialsFor(1000, 1000);
let memory: AddressSpace;
let process: { credentials: Credentials; become(next: Credentials): void; control: object };
let thread: Thread;

beforeEach(() => {
  memory = testSpace(16).space;
  memory.map(AT, 4096, { prot: Prot.read | Prot.write });
  process = {
    credentials: ROOT,
    become(next) {
      this.credentials = next;
    },
    control: {},
  };
  const kernel = { use: () => ({ all: () => [process] }) };
  thread = { tid: 1, process, memory, kernel } as unknown as Thread;
});

const rows = [...identitySyscalls, ...capabilitySyscalls, ...controlSyscalls];
function call(name: string, ...args: number[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
  return rows.find((row) => row.name === name)?.run(thread, a, b, c, d, e, 0) as number;
}
const users = ({ uid, euid, suid, fsuid } = process.credentials) => [uid, euid, suid, fsuid];

describe("ids", () => {
  test("are root's to choose, once", () => {
    expect(call("setgroups", 2, AT)).toBe(0);
    expect(call("setresgid", 7, 8, 9)).toBe(0);
    expect(call("setuid", 1000)).toBe(0);
    expect(users()).toEqual([1000, 1000, 1000, 1000]);
    for (const [name, ...args] of [
      ["setuid", 0],
      ["setreuid", KEEP, 0],
      ["setresuid", KEEP, KEEP, 0],
      ["setgid", 0],
      ["setgroups", 0],
    ] as const)
      expect(call(name, ...args)).toBe(-errno.EPERM);
    expect(call("setregid", 8, 9)).toBe(0);
  });

  test("are a user's to exchange", () => {
    process.credentials = user.with({ euid: 5, suid: 7 });
    expect(call("setreuid", 5, 1000)).toBe(0);
    expect(users()).toEqual([5, 1000, 1000, 1000]);
    process.credentials = user.with({ euid: 5, suid: 7 });
    expect(call("setreuid", KEEP, 1000)).toBe(0);
    expect(users()).toEqual([1000, 1000, 7, 1000]);
    expect(call("setreuid", KEEP, 7)).toBe(0);
    expect(users()).toEqual([1000, 7, 7, 7]);
    expect(call("setuid", 1000)).toBe(0);
    expect(users()).toEqual([1000, 1000, 7, 1000]);
  });

  test("for files are told as they were", () => {
    expect(call("setfsuid", 1000)).toBe(0);
    expect(call("setfsuid", KEEP)).toBe(1000);
    process.credentials = user;
    expect([call("setfsuid", 5), call("setfsuid", KEEP)]).toEqual([1000, 1000]);
    expect([call("setfsgid", 1000), call("setfsgid", KEEP)]).toEqual([1000, 1000]);
  });
});

describe("capabilities", () => {
  const V3 = 0x2008_0522;
  const header = (version: number, pid = 0) => {
    memory.writeU32(AT, version);
    memory.writeU32(AT + 4, pid);
  };
  const words = (...all: number[]) => all.forEach((word, i) => void memory.writeU32(AT + 8 + i * 4, word));

  test("are told in halves", () => {
    header(V3);
    expect(call("capget", AT, AT + 8)).toBe(0);
    const told = Array.from({ length: 6 }, (_, i) => memory.readU32(AT + 8 + i * 4));
    expect(told).toEqual([0xffff_ffff, 0xffff_ffff, 0, 0x1ff, 0x1ff, 0]);
    header(1);
    expect(call("capget", AT, AT + 8)).toBe(-errno.EINVAL);
    expect(memory.readU32(AT)).toBe(V3);
  });

  test("are given up for good", () => {
    header(V3);
    words(1, 3, 1, 0, 0, 0);
    expect(call("capset", AT, AT + 8)).toBe(0);
    expect(process.credentials).toMatchObject({ effective: 1n, permitted: 3n, inheritable: 1n });
    expect(process.credentials.ownsEveryFile).toBe(false);
    words(4, 7, 0, 0, 0, 0);
    expect(call("capset", AT, AT + 8)).toBe(-errno.EPERM);
    words(3, 1, 0, 0, 0, 0);
    expect(call("capset", AT, AT + 8)).toBe(-errno.EPERM);
    words(0, 0, 8, 0, 0, 0);
    expect(call("capset", AT, AT + 8)).toBe(-errno.EPERM);
    header(V3, 99);
    expect(call("capset", AT, AT + 8)).toBe(-errno.EPERM);
  });

  test("are bounded and made ambient by prctl", () => {
    const [READ, DROP, AMBIENT] = [23, 24, 47];
    const [IS_SET, RAISE, LOWER, CLEAR] = [1, 2, 3, 4];
    expect([call("prctl", READ, Capability.kill), call("prctl", READ, 41)]).toEqual([1, -errno.EINVAL]);
    expect(call("prctl", DROP, Capability.kill)).toBe(0);
    expect(call("prctl", READ, Capability.kill)).toBe(0);
    expect(call("prctl", AMBIENT, RAISE, Capability.chown)).toBe(-errno.EPERM);
    process.credentials = ROOT.with({ inheritable: setOf(Capability.chown) });
    expect(call("prctl", AMBIENT, RAISE, Capability.chown)).toBe(0);
    expect(call("prctl", AMBIENT, IS_SET, Capability.chown)).toBe(1);
    expect(call("prctl", AMBIENT, LOWER, Capability.chown)).toBe(0);
    expect(process.credentials.ambient).toBe(NO_CAPABILITIES);
    expect(call("prctl", AMBIENT, CLEAR, 1)).toBe(-errno.EINVAL);
    process.credentials = user;
    expect(call("prctl", DROP, Capability.chown)).toBe(-errno.EPERM);
  });

  test("are kept by who says so, unless that is locked", () => {
    const [SET_KEEP, SET_BITS] = [8, 28];
    expect(call("prctl", SET_KEEP, 1)).toBe(0);
    expect(call("setuid", 1000)).toBe(0);
    expect(process.credentials.permitted).toBe(ALL_CAPABILITIES);
    process.credentials = ROOT;
    expect(call("prctl", SET_BITS, SecureBit.keepCapabilities << 1)).toBe(0);
    expect(call("prctl", SET_KEEP, 1)).toBe(-errno.EPERM);
    expect(call("prctl", SET_BITS, 0)).toBe(-errno.EPERM);
    expect(call("prctl", SET_BITS, 1 << 20)).toBe(-errno.EPERM);
  });
});
