import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostDirectory } from "./directory.ts";
import { ImmediateHostFile } from "./immediate-file.ts";
import { rootlessOwners, sameOwners } from "./owners.ts";

test("a user who is not root is the guest's root, others are nobody, and no file is given away", () => {
  const folder = mkdtempSync(join(tmpdir(), "runikraft-owners-"));
  writeFileSync(join(folder, "mine"), "");
  const { uid, gid } = statSync(join(folder, "mine"));
  const opened = (owners: typeof sameOwners) =>
    new HostDirectory(folder, false, owners, (fd, terms) => new ImmediateHostFile(fd, terms));
  const rootless = opened(rootlessOwners(uid, gid));
  expect(rootless.stat(["mine"])).toMatchObject({ uid: 0, gid: 0 });
  expect(opened(rootlessOwners(uid + 1, gid + 1)).stat(["mine"])).toMatchObject({ uid: 65534, gid: 65534 });
  expect(opened(sameOwners).stat(["mine"])).toMatchObject({ uid, gid });
  rootless.setAttributes(["mine"], { uid: 33, gid: 33, mode: 0o600 });
  const file = rootless.openFile(["mine"], true);
  file.setAttributes({ uid: 33 });
  expect(file.attributes()).toMatchObject({ uid: 0, mode: 0o100600 });
  file.close();
  const after = statSync(join(folder, "mine"));
  expect([after.uid, after.gid, after.mode & 0o777]).toEqual([uid, gid, 0o600]);
  if (process.getuid?.() === 0) {
    opened(sameOwners).setAttributes(["mine"], { uid: 33 });
    expect(statSync(join(folder, "mine")).uid).toBe(33);
    chownSync(join(folder, "mine"), uid, gid);
  }
  rmSync(folder, { recursive: true });
});
