/** Whose files the guest sees, and what becomes of those it gives away. */
export interface Owners {
  /** What a guest sees of an owner on the host. */
  uid(host: number): number;
  gid(host: number): number;
  /** Whether a guest that changes an owner changes it on the host. */
  readonly canChange: boolean;
}

/** As on the host. */
export const sameOwners: Owners = { uid: (host) => host, gid: (host) => host, canChange: true };

/** `nobody`: an owner that means nothing here (user_namespaces(7)). */
const OVERFLOW_ID = 65534;

/**
 * As in a container without root: the user and the group that this process has on the host are the guest's root, others
 * nobody. Who is not root on the host gives no file away there; as with QEMU's `security_model=none`, a guest that does so
 * is told nothing of it, and the owner stays.
 */
export function rootlessOwners(user: number, group: number): Owners {
  return {
    uid: (host) => (host === user ? 0 : OVERFLOW_ID),
    gid: (host) => (host === group ? 0 : OVERFLOW_ID),
    canChange: false,
  };
}

/** Those of a directory that this process's user gives to a guest. */
export function ownersHere(): Owners {
  const user = process.geteuid?.() ?? 0;
  return user === 0 ? sameOwners : rootlessOwners(user, process.getegid?.() ?? 0);
}
