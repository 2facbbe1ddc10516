import { expect, test } from "vitest";
import type { Thread } from "../rkprocess/thread.ts";
import type { Time } from "../rktime/time.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { O, POLL } from "../vfs/flags.ts";
import type { IoctlMemory } from "../vfs/open-file.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { Ioctl } from "./ioctls.ts";
import type { JobControl } from "./job-control.ts";
import { MasterFile, Pty, SlaveFile } from "./pty.ts";

const nowhere = eventPlace("[test]", 0n);

function pair() {
  const jobs = { hangUp() {}, signal() {}, admit: () => 0 } as unknown as JobControl;
  const pty = new Pty(0, jobs, {} as Time);
  const master = new MasterFile(
    nowhere,
    O.RDWR,
    pty,
    () => -1,
    () => {},
  );
  return { pty, master, slave: new SlaveFile(nowhere, O.RDWR, pty) };
}

const text = (file: { read(into: Uint8Array): number }, most = 100) => {
  const bytes = new Uint8Array(most);
  return Buffer.from(bytes.subarray(0, file.read(bytes))).toString();
};

test("what the master writes is typed at the slave, and echoed; what the slave writes the master reads", () => {
  const { master, slave } = pair();
  master.write(Buffer.from("ls\r"));
  expect(text(slave)).toBe("ls\n");
  expect(text(master)).toBe("ls\r\n");
  slave.write(Buffer.from("a\n"));
  expect(text(master)).toBe("a\r\n");
  expect(failure(() => text(master))).toBe("EAGAIN");
});

test("a master that nobody reads makes the slave wait, and takes no memory without bound", () => {
  const { master, slave } = pair();
  let written = 0;
  while (slave.poll() & POLL.OUT) written += slave.write(new Uint8Array(4096).fill(9));
  expect(written).toBeLessThan(70_000);
  expect(failure(() => slave.write(Uint8Array.of(1)))).toBe("EAGAIN");
  expect(text(master, 60_000)).toHaveLength(60_000);
  expect(slave.poll() & POLL.OUT).toBe(POLL.OUT);
});

test("without slaves the master's reads fail, after what was left; without a master the slave's end", () => {
  const { master, slave } = pair();
  slave.write(Buffer.from("bye"));
  slave.release();
  expect(master.poll() & POLL.HUP).toBe(POLL.HUP);
  expect(text(master)).toBe("bye");
  expect(failure(() => text(master))).toBe("EIO");
  const other = pair();
  other.master.release();
  expect(text(other.slave)).toBe("");
  expect(failure(() => other.slave.write(Uint8Array.of(1)))).toBe("EIO");
});

test("the master's flush takes what it has not read, or what the slave has not", () => {
  const { master, slave } = pair();
  const flush = (which: number) => master.ioctl(Ioctl.TCFLSH, {} as IoctlMemory, which, {} as Thread);
  slave.write(Buffer.from("abcd"));
  expect(text(master, 2)).toBe("ab");
  flush(1);
  expect(text(master, 1)).toBe("c");
  flush(0);
  slave.write(Buffer.from("next"));
  expect(text(master)).toBe("next");
  master.write(Buffer.from("typed\n"));
  flush(2);
  expect(failure(() => text(slave))).toBe("EAGAIN");
  expect(failure(() => text(master))).toBe("EAGAIN");
  expect(failure(() => flush(3))).toBe("EINVAL");
});
