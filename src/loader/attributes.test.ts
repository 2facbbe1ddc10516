import { describe, expect, it } from "vitest";
import { text } from "../../test/loader/elf-file.ts";
import { missingExtensions, parseArch, readAttributes } from "./attributes.ts";

/** An attributes section of one vendor with these attributes. */
function section(attributes: Uint8Array, vendor = "riscv"): Uint8Array {
  const size = attributes.length;
  const word = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
  const name = [...text(`${vendor}\0`)];
  return Uint8Array.of(
    0x41,
    ...word(4 + name.length + 5 + size),
    ...name,
    1,
    ...word(5 + size),
    ...attributes,
  );
}

describe("the attributes", () => {
  it("are read by tag: text for odd ones, a number for even ones", () => {
    const attributes = Uint8Array.of(
      4,
      0x90,
      0x01,
      5,
      ...text("rv64i2p1_m2p0\0"),
      6,
      1,
      33,
      ...text("other\0"),
    );
    expect(readAttributes(section(attributes))).toEqual({
      arch: "rv64i2p1_m2p0",
      stackAlign: 144,
      unalignedAccess: true,
    });
  });

  it("end with their section", () => {
    const longer = Uint8Array.of(...section(Uint8Array.of(4, 16)), 5, ...text("rv64i\0"));
    expect(readAttributes(longer)).toEqual({ arch: undefined, stackAlign: 16, unalignedAccess: undefined });
  });

  it("of another version or vendor, or without an end, are none", () => {
    const good = section(Uint8Array.of(5, ...text("rv64i\0")));
    expect(readAttributes(Uint8Array.of(0x42, ...good.subarray(1)))).toBeUndefined();
    expect(readAttributes(section(Uint8Array.of(4, 16), "gnu"))).toBeUndefined();
    expect(readAttributes(good.subarray(0, -1))).toBeUndefined();
    for (let length = 0; length < good.length; length++) readAttributes(good.subarray(0, length));
  });
});

describe("an ISA string", () => {
  const names = (arch: string) => parseArch(arch).map(({ name, version }) => name + (version ?? ""));

  it("is taken apart, with and without versions and separators", () => {
    expect(names("rv64i2p1_m2p0_zicsr2p0_zvl128b1p0")).toEqual(["i2.1", "m2.0", "zicsr2.0", "zvl128b1.0"]);
    expect(names("rv64i2p1m2p0")).toEqual(["i2.1", "m2.0"]);
    expect(names("rv64gc_zba_xvendor")).toEqual("i m a f d zicsr zifencei c zba xvendor".split(" "));
    expect(names("rv32imac")).toEqual([]);
  });

  it("shows what the machine lacks", () => {
    expect(missingExtensions(parseArch("rv64gcv_zihintpause_zba_zbc_zmmul"))).toEqual(["v", "zbc"]);
  });
});
