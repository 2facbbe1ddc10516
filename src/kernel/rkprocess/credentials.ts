import {
  ALL_CAPABILITIES,
  type CapabilitySet,
  EVERY_FILE,
  FILE_CAPABILITIES,
  isSubset,
  NO_CAPABILITIES,
} from "./capabilities.ts";

/** Bits of PR_SET_SECUREBITS (capabilities(7), "The securebits flags"); the bit above each one locks it. */
export const SecureBit = {
  noRoot: 1,
  noSetuidFixup: 4,
  keepCapabilities: 16,
  noAmbientRaise: 64,
} as const;

/** What a process is let do: credentials(7), capabilities(7). */
export interface CredentialValues {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  /** Supplementary groups, ascending. */
  readonly groups: readonly number[];
  readonly permitted: CapabilitySet;
  readonly effective: CapabilitySet;
  readonly inheritable: CapabilitySet;
  readonly bounding: CapabilitySet;
  readonly ambient: CapabilitySet;
  /** `SecureBit`s and their locks. */
  readonly secureBits: number;
}

/** They never change: a process that changes its own gets others. */
export class Credentials implements CredentialValues {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  readonly permitted: CapabilitySet;
  readonly effective: CapabilitySet;
  readonly inheritable: CapabilitySet;
  readonly bounding: CapabilitySet;
  readonly ambient: CapabilitySet;
  readonly secureBits: number;
  /** No check of a file's mode and owner would fail, so none is made. */
  readonly ownsEveryFile: boolean;

  constructor(values: CredentialValues) {
    this.uid = values.uid;
    this.euid = values.euid;
    this.suid = values.suid;
    this.fsuid = values.fsuid;
    this.gid = values.gid;
    this.egid = values.egid;
    this.sgid = values.sgid;
    this.fsgid = values.fsgid;
    this.groups = values.groups;
    this.permitted = values.permitted;
    this.effective = values.effective;
    this.inheritable = values.inheritable;
    this.bounding = values.bounding;
    this.ambient = values.ambient;
    this.secureBits = values.secureBits;
    this.ownsEveryFile = isSubset(EVERY_FILE, values.effective);
  }

  with(change: Partial<CredentialValues>): Credentials {
    return new Credentials({ ...this, ...change });
  }

  /** Whether a `Capability` is effective. */
  has(capability: number): boolean {
    return (this.effective & (1n << BigInt(capability))) !== 0n;
  }

  /** For files: the group is its own, or one of the supplementary ones. */
  isInGroup(gid: number): boolean {
    return gid === this.fsgid || this.groups.includes(gid);
  }

  /** With other user ids; capabilities follow (capabilities(7), "Effect of user ID changes on capabilities"). */
  withUserIds(uid: number, euid: number, suid: number): Credentials {
    const changed = this.with({ uid, euid, suid, fsuid: euid });
    if (this.secureBits & SecureBit.noSetuidFixup) return changed;
    const { permitted, ambient, effective } = this;
    const next = { permitted, ambient, effective };
    const hadRoot = this.uid === 0 || this.euid === 0 || this.suid === 0;
    if (hadRoot && uid !== 0 && euid !== 0 && suid !== 0) {
      next.ambient = NO_CAPABILITIES;
      if (!(this.secureBits & SecureBit.keepCapabilities)) next.permitted = next.effective = NO_CAPABILITIES;
    }
    if (this.euid === 0 && euid !== 0) next.effective = NO_CAPABILITIES;
    if (this.euid !== 0 && euid === 0) next.effective = next.permitted;
    return changed.with(next);
  }

  withGroupIds(gid: number, egid: number, sgid: number): Credentials {
    return this.with({ gid, egid, sgid, fsgid: egid });
  }

  /** As whom files are looked at from now on (setfsuid(2)). */
  withFileUser(fsuid: number): Credentials {
    const changed = this.with({ fsuid });
    if (this.secureBits & SecureBit.noSetuidFixup) return changed;
    const { effective, permitted } = this;
    if (this.fsuid === 0 && fsuid !== 0) return changed.with({ effective: effective & ~FILE_CAPABILITIES });
    if (this.fsuid !== 0 && fsuid === 0)
      return changed.with({ effective: effective | (permitted & FILE_CAPABILITIES) });
    return changed;
  }

  /** As who a set-id program was started by: what access(2) answers for. */
  asRealUser(): Credentials {
    const real = this.with({ fsuid: this.uid, fsgid: this.gid });
    if (this.secureBits & SecureBit.noSetuidFixup) return real;
    return real.with({ effective: this.uid === 0 ? this.permitted : NO_CAPABILITIES });
  }
}

/** A user who logs in: with a group of the own, and all capabilities if it is root. */
export function credentialsFor(uid: number, gid: number): Credentials {
  const capabilities = uid === 0 ? ALL_CAPABILITIES : NO_CAPABILITIES;
  return new Credentials({
    ...{ uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid },
    groups: [],
    permitted: capabilities,
    effective: capabilities,
    inheritable: NO_CAPABILITIES,
    bounding: ALL_CAPABILITIES,
    ambient: NO_CAPABILITIES,
    secureBits: 0,
  });
}

export const ROOT = credentialsFor(0, 0);
