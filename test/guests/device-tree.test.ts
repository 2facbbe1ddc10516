import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellsOf, nodesByPath, type ReadNode, readFdt } from "../../src/loader/fdt-fixture.ts";
import { makeDeviceTree } from "../../src/machine/device-tree.ts";

const MEBIBYTES = 256;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ours(
  harts: number,
  more: { bootargs?: string; initrd?: { start: number; end: number } } = {},
): string {
  const file = join(folder, `ours-${harts}.dtb`);
  const options = { harts, ramBytes: MEBIBYTES << 20, rngSeed: new Uint8Array(32).fill(0xa5), ...more };
  writeFileSync(file, makeDeviceTree(options));
  return file;
}

function qemus(harts: number): string {
  const file = join(folder, `qemu-${harts}.dtb`);
  const machine = ["-M", `virt,dumpdtb=${file}`, "-smp", String(harts), "-m", String(MEBIBYTES)];
  execFileSync("qemu-system-riscv64", machine, { stdio: "ignore" });
  return file;
}

/** What dtc has to say of a tree, a line each. */
function warnings(file: string): string[] {
  const { status, stderr } = spawnSync("dtc", ["-I", "dtb", "-O", "dts", "-o", "/dev/null", file], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  return stderr.split("\n").filter((line) => line !== "");
}

/** Properties whose cells are phandles: all of them, or every second. */
const HANDLES: Record<string, 1 | 2> = {
  "interrupt-parent": 1,
  regmap: 1,
  cpu: 1,
  "interrupts-extended": 2,
};

/** Properties in which the two boards truly differ, or (phandle) which are a tree's own business. */
const OWN = new Set(["phandle", "riscv,isa", "mmu-type", "riscv,ndev", "rng-seed"]);

/** Nodes by path, with values in hexadecimal and phandles replaced by the paths they stand for. */
function described(file: string): Map<string, Record<string, string>> {
  const bytes = readFileSync(file);
  // QEMU's file goes on behind the tree.
  const nodes = nodesByPath(readFdt(bytes.subarray(0, bytes.readUInt32BE(4))));
  const paths = new Map<number, string>();
  for (const [path, { properties }] of nodes) {
    const handle = properties.get("phandle");
    if (handle) paths.set(cellsOf(handle)[0], path);
  }
  const value = (name: string, bytes: Uint8Array) => {
    const every = HANDLES[name];
    if (every === undefined) return Buffer.from(bytes).toString("hex");
    return cellsOf(bytes)
      .map((cell, i) => (i % every === 0 ? paths.get(cell) : cell))
      .join(" ");
  };
  const describe = ({ properties }: ReadNode) =>
    Object.fromEntries(
      [...properties].filter(([name]) => !OWN.has(name)).map(([name, bytes]) => [name, value(name, bytes)]),
    );
  return new Map([...nodes].map(([path, node]) => [path, describe(node)]));
}

/** What QEMU's board has and ours lacks. */
const ABSENT = /^\/(pmu|fw-cfg@|flash@|platform-bus@|soc\/pci@)/;

describe.each([1, 4, 8])("the device tree of %i harts", (harts) => {
  test("gives dtc no reason for a warning that QEMU's does not give as well", () => {
    const known = new Set(warnings(qemus(harts)));
    const initrd = { start: 0x8400_0000, end: 0x8500_0000 };
    for (const more of [{}, { bootargs: "console=ttyS0", initrd }])
      expect(warnings(ours(harts, more)).filter((line) => !known.has(line))).toEqual([]);
  });

  test("says of each device what QEMU's says", () => {
    const theirs = described(qemus(harts));
    const own = described(ours(harts));
    const missing = [...theirs.keys()].filter((path) => !own.has(path) && !ABSENT.test(path));
    expect(missing).toEqual([]);
    for (const [path, properties] of own) {
      // With it dtc has nothing to say at all.
      const more = path.endsWith("/interrupt-controller") ? { "#address-cells": "00000000" } : {};
      expect({ path, ...properties }).toEqual({ path, ...theirs.get(path), ...more });
    }
  });
});
