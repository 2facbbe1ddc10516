import { describe, expect, test } from "vitest";
import { cells64, writeFdt } from "./fdt.ts";
import { cellsOf, nodesByPath, readFdt, textsOf } from "./fdt-fixture.ts";

describe("a flattened device tree", () => {
  test("has the bytes of the specification", () => {
    const tree = writeFdt({
      name: "",
      properties: { ab: [0x12345678] },
      children: [{ name: "n", properties: {} }],
    });
    // biome-ignore format: one row a field
    expect([...tree]).toEqual([
      0xd0, 0x0d, 0xfe, 0xed,
      ...[0, 0, 0, 103], ...[0, 0, 0, 56], ...[0, 0, 0, 100], ...[0, 0, 0, 40],
      ...[0, 0, 0, 17], ...[0, 0, 0, 16], ...[0, 0, 0, 0], ...[0, 0, 0, 3], ...[0, 0, 0, 44],
      ...Array(16).fill(0),
      ...[0, 0, 0, 1], ...[0, 0, 0, 0],
      ...[0, 0, 0, 3], ...[0, 0, 0, 4], ...[0, 0, 0, 0], ...[0x12, 0x34, 0x56, 0x78],
      ...[0, 0, 0, 1], ...[0x6e, 0, 0, 0], ...[0, 0, 0, 2],
      ...[0, 0, 0, 2], ...[0, 0, 0, 9],
      ...[0x61, 0x62, 0],
    ]);
  });

  test("keeps the values of every kind, and their order", () => {
    const root = readFdt(
      writeFdt({
        name: "",
        properties: {
          empty: true,
          text: "riscv",
          texts: ["sifive,test1", "", "syscon"],
          cells: [0, 0xffff_ffff, 0x8000_0000],
          bytes: Uint8Array.of(1, 2, 3, 4, 5),
          nothing: "",
          wide: [...cells64(0x1_2345_6789), ...cells64(2 ** 53 - 1)],
          accents: "é",
        },
      }),
    );
    const value = (name: string) => root.properties.get(name) as Uint8Array;
    expect([...root.properties.keys()].join(" ")).toBe("empty text texts cells bytes nothing wide accents");
    expect(value("empty")).toHaveLength(0);
    expect(textsOf(value("text"))).toEqual(["riscv"]);
    expect(textsOf(value("texts"))).toEqual(["sifive,test1", "", "syscon"]);
    expect(cellsOf(value("cells"))).toEqual([0, 0xffff_ffff, 0x8000_0000]);
    expect([...value("bytes")]).toEqual([1, 2, 3, 4, 5]);
    expect([...value("nothing")]).toEqual([0]);
    expect(cellsOf(value("wide"))).toEqual([1, 0x2345_6789, 0x1f_ffff, 0xffff_ffff]);
    expect([...value("accents")]).toEqual([0xc3, 0xa9, 0]);
  });

  test("keeps the nodes, and a property's name once", () => {
    const leaf = (name: string) => ({ name, properties: { "a-long-name": [1] } });
    const soc = {
      name: "soc",
      properties: { "a-long-name": true as const },
      children: [leaf("a@1"), leaf("b@22")],
    };
    const tree = writeFdt({ name: "", properties: {}, children: [soc, leaf("ccc")] });
    expect([...nodesByPath(readFdt(tree)).keys()]).toEqual(["/", "/soc", "/soc/a@1", "/soc/b@22", "/ccc"]);
    expect(new TextDecoder("latin1").decode(tree).split("a-long-name")).toHaveLength(2);
  });
});
