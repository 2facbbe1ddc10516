import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inside } from "./grants.ts";

it("finds a program as the guest would: links mean what they mean in the root", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "runikraft-grants-")));
  const root = join(folder, "root");
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  mkdirSync(join(root, "etc"));
  symlinkSync("usr/bin", join(root, "bin"));
  writeFileSync(join(root, "usr/bin/mawk"), "");
  writeFileSync(join(folder, "outside"), "");
  symlinkSync("/etc/awk", join(root, "usr/bin/awk"));
  symlinkSync("/usr/bin/mawk", join(root, "etc/awk"));
  symlinkSync(join(folder, "outside"), join(root, "absolute"));
  symlinkSync("../../outside", join(root, "climbing"));
  expect(inside(root, "/bin/awk")).toBe(join(root, "usr/bin/mawk"));
  for (const path of ["/absolute", "/climbing", "/../outside", "/bin/nothing"])
    expect(inside(root, path)).toBeUndefined();
  expect(inside(join(folder, "no-root"), "/bin/awk")).toBeUndefined();
});
