import { describe, expect, test } from "vitest";
import { rows } from "../isa/table.ts";
import { cellsOf, nodesByPath, type ReadNode, readFdt, textsOf } from "../loader/fdt-fixture.ts";
import { ADDRESS_MAP } from "./board.ts";
import { type DeviceTreeOptions, makeDeviceTree } from "./device-tree.ts";

const rngSeed = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

function tree(options: Partial<DeviceTreeOptions> = {}): Map<string, ReadNode> {
  return nodesByPath(readFdt(makeDeviceTree({ harts: 1, ramBytes: 128 << 20, rngSeed, ...options })));
}

type Nodes = Map<string, ReadNode>;
const property = (nodes: Nodes, path: string, name: string) =>
  nodes.get(path)?.properties.get(name) as Uint8Array;
const cells = (nodes: Nodes, path: string, name: string) => cellsOf(property(nodes, path, name));
const texts = (nodes: Nodes, path: string, name: string) => textsOf(property(nodes, path, name));

describe("the device tree", () => {
  test("has every device of the address map where it is", () => {
    const nodes = tree();
    const { syscon, rtc, clint, plic, uart, virtio } = ADDRESS_MAP;
    const slots = Array.from({ length: virtio.slots }, (_, i) => ({
      name: "virtio_mmio",
      base: virtio.base + i * virtio.size,
      size: virtio.size,
      interrupt: virtio.interrupt + i,
    }));
    const devices = [
      { name: "rtc", ...rtc },
      { name: "serial", ...uart },
      { name: "test", ...syscon, interrupt: undefined },
      ...slots,
      { name: "plic", ...plic, interrupt: undefined },
      { name: "clint", ...clint, interrupt: undefined },
    ];
    expect(nodes.get("/soc")?.children.map((child) => child.name)).toEqual(
      devices.map(({ name, base }) => `${name}@${base.toString(16)}`),
    );
    const plicHandle = cells(nodes, `/soc/plic@${plic.base.toString(16)}`, "phandle");
    for (const { name, base, size, interrupt } of devices) {
      const path = `/soc/${name}@${base.toString(16)}`;
      expect(cells(nodes, path, "reg")).toEqual([0, base, 0, size]);
      if (interrupt === undefined) continue;
      expect(cells(nodes, path, "interrupts")).toEqual([interrupt]);
      expect(cells(nodes, path, "interrupt-parent")).toEqual(plicHandle);
    }
  });

  test("reserves the firmware's memory where there is any", () => {
    const nodes = tree({ reserved: { start: 0x8000_0000, size: 0x2_0000 } });
    const path = "/reserved-memory/mmode_resv0@80000000";
    expect(cells(nodes, path, "reg")).toEqual([0, 0x8000_0000, 0, 0x2_0000]);
    expect(nodes.get(path)?.properties.has("no-map")).toBe(true);
    expect(tree().has("/reserved-memory")).toBe(false);
  });

  test("says how much RAM there is, beyond 4 GiB too", () => {
    expect(cells(tree(), "/memory@80000000", "reg")).toEqual([0, 0x8000_0000, 0, 128 << 20]);
    expect(cells(tree({ ramBytes: 5 * 2 ** 30 }), "/memory@80000000", "reg")).toEqual([
      0, 0x8000_0000, 1, 0x4000_0000,
    ]);
  });

  test.each([1, 4, 8])("connects both interrupt controllers with each of %i harts", (harts) => {
    const nodes = tree({ harts });
    const numbers = Array.from({ length: harts }, (_, i) => i);
    const controllers = numbers.map(
      (hart) => cells(nodes, `/cpus/cpu@${hart}/interrupt-controller`, "phandle")[0],
    );
    expect(cells(nodes, "/soc/plic@c000000", "interrupts-extended")).toEqual(
      controllers.flatMap((handle) => [handle, 11, handle, 9]),
    );
    expect(cells(nodes, "/soc/clint@2000000", "interrupts-extended")).toEqual(
      controllers.flatMap((handle) => [handle, 3, handle, 7]),
    );
    for (const hart of numbers) {
      expect(cells(nodes, `/cpus/cpu@${hart}`, "reg")).toEqual([hart]);
      expect(cells(nodes, `/cpus/cpu-map/cluster0/core${hart}`, "cpu")).toEqual(
        cells(nodes, `/cpus/cpu@${hart}`, "phandle"),
      );
    }
    expect(nodes.get("/cpus")?.children).toHaveLength(harts + 1);
    const handles = [...nodes.values()].flatMap(({ properties }) => {
      const handle = properties.get("phandle");
      return handle ? cellsOf(handle) : [];
    });
    expect(new Set(handles).size).toBe(handles.length);
    expect(handles).toHaveLength(harts * 2 + 2);
  });

  test("claims the extensions whose instructions the harts have, and no others", () => {
    const [isa] = texts(tree(), "/cpus/cpu@0", "riscv,isa");
    const [letters, ...named] = isa.split("_");
    const claimed = [...letters.replace("rv64", ""), ...named].sort();
    const built = new Set<string>(rows.map((row) => row.extension.toLowerCase()));
    built.delete("priv");
    // A hint of the base table, and CSRs.
    expect(claimed).toEqual([...built, "zihintpause", "zicntr", "sstc"].sort());
  });

  test("tells a kernel what it was started with", () => {
    const plain = tree();
    expect([...(plain.get("/chosen")?.properties.keys() ?? [])]).toEqual(["rng-seed", "stdout-path"]);
    expect(property(plain, "/chosen", "rng-seed")).toEqual(rngSeed);
    const [path] = texts(plain, "/chosen", "stdout-path");
    expect(texts(plain, path, "compatible")).toEqual(["ns16550a"]);
    const initrd = { start: 0x8400_0000, end: 0x1_8000_1234 };
    const nodes = tree({ bootargs: "console=ttyS0 init=/bin/sh", initrd });
    expect(texts(nodes, "/chosen", "bootargs")).toEqual(["console=ttyS0 init=/bin/sh"]);
    expect(cells(nodes, "/chosen", "linux,initrd-start")).toEqual([0, 0x8400_0000]);
    expect(cells(nodes, "/chosen", "linux,initrd-end")).toEqual([1, 0x8000_1234]);
  });

  test("powers off and reboots through the syscon", () => {
    const nodes = tree();
    const syscon = cells(nodes, "/soc/test@100000", "phandle");
    for (const [path, value] of [
      ["/poweroff", 0x5555],
      ["/reboot", 0x7777],
    ] as const) {
      expect(cells(nodes, path, "regmap")).toEqual(syscon);
      expect([...cells(nodes, path, "offset"), ...cells(nodes, path, "value")]).toEqual([0, value]);
    }
  });
});
