import { expect, test } from "vitest";
import { compare } from "./measure.ts";
import { formatReport } from "./report.ts";

test("speed is QEMU's time over ours, and our rate over QEMU's, within each round", () => {
  expect(compare([2, 4, 8], [1, 3, 4], "s").speed).toEqual({ median: 0.5, least: 0.5, most: 0.75 });
  expect(compare([2, 4, 8], [1, 3, 4], "MB/s").speed).toEqual({ median: 2, least: 4 / 3, most: 2 });
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
        figures: [{ name: "prompt", unit: "s", ...compare([8, 10], [4, 5], "s") }],
        processor: compare([9, 9], [3, 3], "s"),
      },
    ],
  });
  expect(report).toContain("P, load before the start 0.10\n");
  expect(report).not.toContain("not quiet");
  expect(report).toMatch(
    / prompt +9\.00 \(8\.00-10\.00\) +4\.50 \(4\.00-5\.00\) +s +0\.50 \(0\.50-0\.50\)\n/,
  );
  expect(report).toMatch(/ processor time of all of it +9\.0 .* 3\.0 .* 0\.33\n/);
  expect(report).toContain("  runikraft --append 'a b'\n  qemu x=y,z\n");
});
