import { expect, test } from "vitest";
import { figure } from "./figure.ts";
import { formatReport } from "./report.ts";

test("speed is QEMU's time over ours, and our rate over QEMU's, within each round", () => {
  expect(figure({ name: "", unit: "s" }, [2, 4, 8], [1, 3, 4]).speed).toEqual({
    median: 0.5,
    least: 0.5,
    most: 0.75,
  });
  expect(figure({ name: "", unit: "MB/s" }, [2, 4, 8], [1, 3, 4]).speed).toEqual({
    median: 2,
    least: 4 / 3,
    most: 2,
  });
});

test("a report has the figures, and commands as one types them", () => {
  const environment = {
    ...{ node: "v20", processor: "P", cores: 2, load: 0.1 },
    ...{ qemu: "QEMU 7", kernel: "vmlinux", rounds: 2 },
  };
  const report = formatReport({
    environment,
    parts: [
      {
        part: "boot",
        commands: { ours: ["runikraft", "--append", "a b"], qemu: ["qemu", "x=y,z"] },
        figures: [figure({ name: "prompt", unit: "s", mark: 1 }, [8, 10], [4, 5])],
      },
    ],
  });
  expect(report).toContain("P, load before the start 0.10\n");
  expect(report).not.toContain("not quiet");
  expect(report).toMatch(
    / prompt +9\.00 \(8\.00-10\.00\) +4\.50 \(4\.00-5\.00\) +s +0\.50 \(0\.50-0\.50\) +at least 1: MISSED\n/,
  );
  expect(report).toContain("  runikraft --append 'a b'\n  qemu x=y,z\n");
});
