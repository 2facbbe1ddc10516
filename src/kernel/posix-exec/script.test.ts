import { expect, test } from "vitest";
import { HEAD_SIZE, readScript } from "./script.ts";

const read = (text: string) => {
  const found = readScript(Buffer.from(text).subarray(0, HEAD_SIZE));
  return found && [found.path, found.argument].map((part) => part && Buffer.from(part).toString());
};

test("a first line names an interpreter and at most one argument", () => {
  expect(read("#!/bin/sh\necho")).toEqual(["/bin/sh", undefined]);
  expect(read("#! /usr/bin/env  python3 -u \t\nx")).toEqual(["/usr/bin/env", "python3 -u"]);
  expect(read("#!/bin/sh")).toEqual(["/bin/sh", undefined]);
  expect(read("#!/bin/awk -f\0rest\n")).toEqual(["/bin/awk", "-f"]);
});

test("what is no script, or names nothing, is none", () => {
  for (const text of ["", "#", "#!", "#!\n", "#!  \t \n/bin/sh", "\x7fELF", " #!/bin/sh\n"])
    expect(read(text)).toBeUndefined();
});

test("a path that was cut off is not taken for another one", () => {
  expect(read(`#!/${"x".repeat(300)}\n`)).toBeUndefined();
  expect(read(`#!/bin/sh ${"x".repeat(300)}\n`)?.[0]).toBe("/bin/sh");
});
