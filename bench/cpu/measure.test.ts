import { expect, test, vi } from "vitest";
import type { Machine } from "./machines.ts";
import { measureCpu } from "./measure.ts";
import type { Peer } from "./report.ts";
import type { Subject } from "./subjects.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

const subject = (name: string, result?: string): Subject => ({
  ...{ name, about: "", isFloat: false, from: "own", program: name, args: () => [] },
  ...(result !== undefined && { result }),
});

const log: string[] = [];

const peer = (name: Peer, stdout: string | undefined): Machine => ({
  name,
  begin: async () => void log.push(`${name} begins`),
  end: async () => void log.push(`${name} ends`),
  async run(subject) {
    log.push(`${name}: ${subject.name}`);
    return stdout === undefined ? undefined : { stdout, seconds: 4 };
  },
});

const own = (stdout: string) => ({
  async run({ name }: Subject) {
    log.push(`ours: ${name}`);
    return { stdout, seconds: 2, guest: { seconds: 1, instructions: 7 } };
  },
});

test("machines take turns with each program, in each round", async () => {
  log.length = 0;
  const peers = [peer("linux", "x"), peer("native", undefined)];
  const [a] = await measureCpu([subject("a", "x"), subject("b")], peers, [own("x")], 1);
  expect(log).toEqual([
    ...["linux begins", "native begins", "linux: a", "native: a", "ours: a"],
    ...["linux: b", "native: b", "ours: b", "linux ends", "native ends"],
  ]);
  expect(a).toMatchObject({ instructions: 7, peers: { linux: { median: 4 } } });
  expect(a.own[0].speed).toEqual({ linux: { median: 4, least: 4, most: 4 } });
});

test("a result that is not the recorded one, or not that of the machine before, ends it and the machines", async () => {
  log.length = 0;
  const qemu = peer("qemu-riscv64", "x");
  await expect(measureCpu([subject("a", "y")], [qemu], [own("y")], 1)).rejects.toThrow("qemu-riscv64");
  await expect(measureCpu([subject("a")], [qemu], [own("y")], 1)).rejects.toThrow("runikraft");
  expect(log.filter((line) => line === "qemu-riscv64 ends").length).toBe(2);
});
