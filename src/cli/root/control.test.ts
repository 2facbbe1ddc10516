import { expect, it } from "vitest";
import { field, installed, paragraphs, withEntries } from "./control.ts";

const CONTROL = `Package: hello
Version: 1:2.0-1
Installed-Size: 12
Description: says hello
 and Version: 9 of it
 .
 more
`;

it("reads fields by their names, whatever their case, and not what is within others", () => {
  expect(field(CONTROL, "version")).toBe("1:2.0-1");
  expect(field(CONTROL, "Description")).toBe("says hello");
  expect(field(CONTROL, "Depends")).toBeUndefined();
});

it("notes a package as dpkg does", () => {
  const sums = new Map([["etc/hello.conf", "d41d8cd98f00b204e9800998ecf8427e"]]);
  expect(installed(CONTROL, sums)).toBe(`Package: hello
Status: install ok installed
Version: 1:2.0-1
Installed-Size: 12
Description: says hello
 and Version: 9 of it
 .
 more
Conffiles:
 /etc/hello.conf d41d8cd98f00b204e9800998ecf8427e`);
  expect(installed(CONTROL, new Map())).not.toContain("Conffiles");
});

it("has each package once in a status file, as it is now", () => {
  const older = withEntries("", [installed(CONTROL, new Map()), "Package: other\nVersion: 1"]);
  const newer = withEntries(older, [installed(CONTROL.replace("2.0", "3.0"), new Map())]);
  expect(paragraphs(newer).map((entry) => [field(entry, "Package"), field(entry, "Version")])).toEqual([
    ["hello", "1:3.0-1"],
    ["other", "1"],
  ]);
  expect(newer.endsWith("Version: 1\n\n")).toBe(true);
  expect(withEntries("", [])).toBe("");
});
