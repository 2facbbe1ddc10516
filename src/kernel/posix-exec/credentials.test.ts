import { expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { ALL_CAPABILITIES, Capability, NO_CAPABILITIES, setOf } from "../rkprocess/capabilities.ts";
import { type Credentials, credentialsFor, ROOT, SecureBit } from "../rkprocess/credentials.ts";
import type { Process } from "../rkprocess/process.ts";
import { MountFlag } from "../vfs/mount.ts";
import { Tree } from "../vfs/tree-fixture.ts";
import { identityFor } from "./credentials.ts";

const user = credentialsFor(1000, 1000);

/** As whom a program with a mode, owned by `uid` and group 50, runs. */
function run(credentials: Credentials, mode: number, uid = 0, { noNewPrivileges = false, flags = 0 } = {}) {
  const tree = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
  tree.write("/p", "");
  const at = tree.find("/p");
  at.dentry.inode.setAttributes({ mode, uid, gid: 50 });
  at.mount.flags = flags;
  const { credentials: now, isSecure } = identityFor(
    { credentials, control: { noNewPrivileges } } as Process,
    at,
  );
  const { uid: real, euid, suid, fsuid, gid, egid, sgid, permitted, effective, ambient } = now;
  return { ids: [real, euid, suid, fsuid, gid, egid, sgid], permitted, effective, ambient, isSecure };
}

test("set-id bits give other effective ids, and root's all capabilities", () => {
  expect(run(user, 0o755)).toMatchObject({
    ids: [1000, 1000, 1000, 1000, 1000, 1000, 1000],
    isSecure: false,
  });
  expect(run(user, 0o4755, 7)).toMatchObject({
    ids: [1000, 7, 7, 7, 1000, 1000, 1000],
    effective: NO_CAPABILITIES,
    isSecure: true,
  });
  expect(run(user, 0o2755)).toMatchObject({ ids: [1000, 1000, 1000, 1000, 1000, 50, 50], isSecure: true });
  expect(run(user, 0o2745)).toMatchObject({ ids: [1000, 1000, 1000, 1000, 1000, 1000, 1000] });
  expect(run(user, 0o4755)).toMatchObject({
    ids: [1000, 0, 0, 0, 1000, 1000, 1000],
    permitted: ALL_CAPABILITIES,
    effective: ALL_CAPABILITIES,
    isSecure: true,
  });
});

test("they mean nothing to a mount or a process that does not want them", () => {
  const plain = { ids: [1000, 1000, 1000, 1000, 1000, 1000, 1000], isSecure: false };
  expect(run(user, 0o6755, 0, { flags: MountFlag.noSetId })).toMatchObject(plain);
  expect(run(user, 0o6755, 0, { noNewPrivileges: true })).toMatchObject(plain);
});

test("root has what is bounded, and a user what is ambient", () => {
  const bounding = setOf(Capability.kill, Capability.chown);
  expect(run(ROOT.with({ bounding }), 0o755)).toMatchObject({ permitted: bounding, effective: bounding });
  const kill = setOf(Capability.kill);
  const ambient = user.with({ permitted: kill, inheritable: kill, ambient: kill });
  expect(run(ambient, 0o755)).toMatchObject({ permitted: kill, effective: kill, isSecure: false });
  expect(run(ambient, 0o4755, 7)).toMatchObject({ permitted: NO_CAPABILITIES, ambient: NO_CAPABILITIES });
  expect(run(user.with({ permitted: kill, effective: kill }), 0o755).permitted).toBe(NO_CAPABILITIES);
  const noRoot = ROOT.with({ secureBits: SecureBit.noRoot });
  expect(run(noRoot, 0o755).permitted).toBe(NO_CAPABILITIES);
});
