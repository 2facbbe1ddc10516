import { expect, test } from "vitest";
import { type CpuFigure, type CpuReport, formatCpu, overall, ownFigure } from "./report.ts";

const RUNS = [
  { seconds: 2, guestSeconds: 1 },
  { seconds: 4, guestSeconds: 2 },
];

function figure(name: string, qemu: number, other: Partial<CpuFigure> = {}): CpuFigure {
  const times = { native: [0.5, 0.5], "qemu-riscv64": [2 * qemu, 4 * qemu], linux: [4, 8] };
  return {
    ...{
      name,
      about: "what it is",
      isFloat: false,
      isStart: false,
      from: "own",
      instructions: 5e9,
      peers: {},
    },
    own: [ownFigure(RUNS, times)],
    ...other,
  };
}

const report = (...figures: CpuFigure[]): CpuReport => ({ native: "cc", nodes: ["v20.1.2"], figures });

test("whole processes are compared with each other, and what Linux's guest spends with ours", () => {
  const { seconds, guestSeconds, speed } = figure("a", 3).own[0];
  expect([seconds.median, guestSeconds.median]).toEqual([3, 1.5]);
  expect(speed["qemu-riscv64"]).toEqual({ median: 3, least: 3, most: 3 });
  expect(speed.linux).toEqual({ median: 4, least: 4, most: 4 });
  expect(speed.native?.median).toBeCloseTo(0.1875);
});

test("a suite's mean and its least program, of those that count and that the peer has", () => {
  const all = report(
    ...[figure("a", 4), figure("b", 1, { isFloat: true }), figure("c", 2, { own: [missing()] })],
    figure("start", 0.1, { isStart: true }),
  );
  expect(overall(all, "qemu-riscv64")).toEqual({
    programs: 2,
    mean: expect.closeTo(2),
    least: { name: "b", speed: 1 },
  });
  expect(overall(all, "qemu-riscv64", ({ isFloat }) => isFloat)?.programs).toBe(1);
  expect(overall(report(), "linux")).toBeUndefined();
});

const missing = () => ownFigure(RUNS, {});

test("the report has a dash where a peer has no such program, and a rate where programs are compared by it", () => {
  const time = { median: 2, least: 2, most: 2 };
  const work = { amount: 1000, unit: "iterations" };
  const text = formatCpu(report(figure("a", 3, { work, peers: { linux: time } }), figure("b", 1))).join("\n");
  expect(text).toMatch(/a +5000 +- +- +2\.00 +3\.00 +1\.50 +3\.00 \(3\.00-3\.00\) +4\.00 \(4\.00-4\.00\)/);
  expect(text).toContain("a, iterations a second: linux 500, runikraft on v20.1.2 333");
  expect(text).toContain("qemu-riscv64 / ours, all (2): geometric mean 1.73, least 1.00 (b)");
});

test("each Node has a table of its own", () => {
  const one = figure("a", 3);
  const both = { ...one, own: [one.own[0], ownFigure([{ seconds: 9, guestSeconds: 8 }], {})] };
  const text = formatCpu({ native: "cc", nodes: ["v20", "v24"], figures: [both] }).join("\n");
  expect(text).toMatch(/on Node v20\n.*\n.* 3\.00 .*\n.*on Node v24\n.*\n.* 9\.00 +8\.00 +- /);
});
