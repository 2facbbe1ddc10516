import { expect, test } from "vitest";
import { type CpuFigure, ownFigure } from "./cpu/report.ts";
import { LINES } from "./kernel/lines.ts";
import { kernelFigure } from "./kernel/report.ts";
import { marks } from "./marks.ts";

const verdicts = (found: ReturnType<typeof marks>) => found.map(({ met, measured }) => `${met} ${measured}`);

function program(name: string, isFloat: boolean, qemu: number, linux: number): CpuFigure {
  return {
    ...{ name, about: "", isFloat, isStart: false, from: "own", instructions: 1, peers: {} },
    own: [ownFigure([{ seconds: 1, guestSeconds: 1 }], { "qemu-riscv64": [qemu], linux: [linux] })],
  };
}

test("the CPU suite's marks: means, the least program, floating point, and how Python starts", () => {
  const start = { ...program("python-start", false, 0.9, 1), isStart: true };
  const figures = [program("a", false, 0.5, 4), program("b", true, 8, 1), start];
  expect(verdicts(marks({ throughput: [], cpu: { native: "", nodes: [""], figures } }))).toEqual([
    ...["true 2.00", "false 0.50 (a)", "true 8.00 (least 8.00, b)", "true 2.00", "false 0.90"],
  ]);
});

test("a single program is not the suite", () => {
  expect(
    marks({ throughput: [], cpu: { native: "", nodes: [""], figures: [program("a", true, 1, 1)] } }),
  ).toEqual([]);
});

test("the library OS's marks: every line beside Linux, and the start of Python beside qemu-riscv64", () => {
  const line = (name: string) => LINES.find((one) => one.name === name) ?? LINES[0];
  const figures = [
    kernelFigure(line("null"), { runikraft: [1], "qemu-riscv64": [0.5], linux: [2] }),
    kernelFigure(line("python"), { runikraft: [4], "qemu-riscv64": [5], linux: [3] }),
  ];
  const commands = { runikraft: [], "qemu-riscv64": [], linux: [] };
  const kernel = { qemuSystem: "", kernel: "", commands, figures };
  expect(verdicts(marks({ throughput: [], kernel }))).toEqual(["true 2.00", "false 0.75", "true 1.25"]);
});
