import { expect, test } from "vitest";
import { databaseScript, figureOf, LINES, type Line } from "./lines.ts";
import { formatKernel, kernelFigure } from "./report.ts";

const line = (unit: Line["unit"], each?: number): Line => ({ ...LINES[0], unit, ...(each && { each }) });

test("what calls prints becomes a figure in the line's unit", () => {
  expect(figureOf(line("µs"), "3000000 1000 7\n")).toEqual({ figure: 3, result: "7" });
  expect(figureOf(line("ms"), "3000000 3 7\r\n")).toEqual({ figure: 1, result: "7" });
  expect(figureOf(line("MB/s"), "1000000000 32000000 7\n").figure).toBe(32);
  expect(figureOf(line("1/s", 20_000), "500000000 1 7\n").figure).toBe(40_000);
});

test("anything else is refused", () => {
  for (const output of ["", "calls: no\n", "0 1 2\n", "1 2\n", "1 2 3\n4 5 6\n"])
    expect(() => figureOf(LINES[0], output)).toThrow("it printed");
});

test("a ratio above 1 is in our favour, whichever way the unit counts", () => {
  const measured = { runikraft: [2, 2], "qemu-riscv64": [4, 8], linux: [1, 1] };
  const time = kernelFigure(line("µs"), measured);
  expect(time.speed["qemu-riscv64"]).toEqual({ median: 3, least: 2, most: 4 });
  expect(time.speed.linux?.median).toBe(0.5);
  expect(kernelFigure(line("MB/s"), measured).speed.linux?.median).toBe(2);
});

test("the report has a dash where a machine cannot run a line", () => {
  const figure = kernelFigure(LINES[0], { runikraft: [0.1234], linux: [1234.5] });
  const commands = { runikraft: ["run me"], "qemu-riscv64": ["qemu"], linux: ["boot"] };
  const text = formatKernel({ qemuSystem: "QEMU", kernel: "vmlinux", commands, figures: [figure] }).join(
    "\n",
  );
  expect(text).toMatch(/null +µs +0\.12 \(0\.12-0\.12\) +- +1235 \(1235-1235\) +- +/);
  expect(text).toContain("runikraft: 'run me'");
  expect(text).toContain("a million getppid: runikraft 0.12 (0.12-0.12) s, qemu-riscv64 - s, linux 1235");
});

test("every row of the database is different, and the order is not the index's", () => {
  const values = [...databaseScript().matchAll(/VALUES\((\d+),'row (\d+)'\)/g)];
  expect(new Set(values.map(([, , text]) => text)).size).toBe(values.length);
  expect(values.map(([, , text]) => Number(text)).slice(0, 2)).not.toEqual([0, 1]);
});
