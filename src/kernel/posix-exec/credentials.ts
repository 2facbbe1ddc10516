import { isSubset, NO_CAPABILITIES } from "../rkprocess/capabilities.ts";
import { type Credentials, SecureBit } from "../rkprocess/credentials.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Location } from "../vfs/dentry.ts";
import { MountFlag } from "../vfs/mount.ts";

const SET_USER = 0o4000;
const SET_GROUP = 0o2010;

/** As whom a program is run. */
export interface Identity {
  readonly credentials: Credentials;
  /** It may do what its caller may not, so the caller's environment is not to be trusted (AT_SECURE). */
  readonly isSecure: boolean;
}

/**
 * As whom a process runs the program at `location`: set-id bits give another effective user or group, and capabilities
 * follow from the users and from what is inherited (capabilities(7), "Transformation of capabilities during execve()";
 * files have none of their own here).
 */
export function identityFor({ credentials: old, control }: Process, { dentry, mount }: Location): Identity {
  const { mode, uid: owner, gid: group } = dentry.inode.attributes();
  const mayChange = !control.noNewPrivileges && !(mount.flags & MountFlag.noSetId);
  const { uid, gid } = old;
  let euid = mayChange && mode & SET_USER ? owner : old.euid;
  let egid = mayChange && (mode & SET_GROUP) === SET_GROUP ? group : old.egid;

  let permitted = NO_CAPABILITIES;
  let isEffective = false;
  if (!(old.secureBits & SecureBit.noRoot) && (euid === 0 || uid === 0)) {
    permitted = old.bounding | old.inheritable;
    isEffective = euid === 0;
  }
  const hasOtherId = euid !== uid || egid !== gid;
  if (control.noNewPrivileges && (hasOtherId || !isSubset(permitted, old.permitted))) {
    euid = uid;
    egid = gid;
    permitted &= old.permitted;
  }
  const ambient = hasOtherId ? NO_CAPABILITIES : old.ambient;
  permitted |= ambient;
  const effective = isEffective ? permitted : ambient;
  const isSecure = hasOtherId || (uid !== 0 && (isEffective || !isSubset(permitted, ambient)));
  return {
    credentials: old.with({
      ...{ euid, suid: euid, fsuid: euid, egid, sgid: egid, fsgid: egid },
      ...{ permitted, effective, ambient },
      secureBits: old.secureBits & ~SecureBit.keepCapabilities,
    }),
    isSecure,
  };
}
