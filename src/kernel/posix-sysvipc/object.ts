import { Capability } from "../rkprocess/capabilities.ts";
import type { Credentials } from "../rkprocess/credentials.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { fail } from "../vfs/error.ts";

/** Commands of all three kinds (linux/ipc.h). */
export const IPC = { RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const;
/** Flags of all three kinds: of the `get` calls, and of operations. */
export const [IPC_CREAT, IPC_EXCL, IPC_NOWAIT] = [0o1000, 0o2000, 0o4000];
/** The key of an object that nobody finds by a key. */
const IPC_PRIVATE = 0;
const PERMISSIONS = 0o777;
/** What an operation needs: reading, or changing. */
export const [READ, CHANGE] = [0o444, 0o222];

/** A queue, set of semaphores or segment: what `struct ipc64_perm` tells of it. */
export abstract class IpcObject {
  /** 32 bits, signed. */
  key: number;
  id = -1;
  uid: number;
  gid: number;
  readonly creator: number;
  readonly creatorGroup: number;
  mode: number;
  /** Seconds since 1970. */
  changedAt: number;

  constructor(thread: Thread, key: number, flags: number) {
    const { euid, egid } = thread.process.credentials;
    this.key = key;
    this.uid = euid;
    this.gid = egid;
    this.creator = euid;
    this.creatorGroup = egid;
    this.mode = flags & PERMISSIONS;
    this.changedAt = now(thread);
  }

  /** What it counts against what all of its kind may be together. */
  abstract readonly weight: number;

  /** It is gone: who waits for it hears so. */
  abstract removed(): void;
}

export function now(thread: Thread): number {
  return Number(thread.kernel.use(time).realtime() / 1_000_000_000n);
}

const isIn = ({ egid, groups }: Credentials, group: number) => egid === group || groups.includes(group);

/** Throws EACCES where an object does not permit what `wanted` (like permission bits) asks for (Linux's `ipcperms`). */
export function requirePermission({ process: { credentials } }: Thread, object: IpcObject, wanted: number) {
  const asked = ((wanted >> 6) | (wanted >> 3) | wanted) & 7;
  let granted = object.mode;
  if (credentials.euid === object.creator || credentials.euid === object.uid) granted >>= 6;
  else if (isIn(credentials, object.creatorGroup) || isIn(credentials, object.gid)) granted >>= 3;
  if (asked & ~granted && !credentials.has(Capability.ownIpc)) fail("EACCES");
}

/** Throws EPERM for whom it does not belong to. */
export function requireOwner({ process: { credentials } }: Thread, { creator, uid }: IpcObject): void {
  const { euid } = credentials;
  if (euid !== creator && euid !== uid && !credentials.has(Capability.administrate)) fail("EPERM");
}

/** `struct ipc64_perm`: 0 key, 4 uid, 8 gid, 12 cuid, 16 cgid, 20 mode, 24 seq (asm-generic/ipcbuf.h). */
export const PERM_SIZE = 48;

/** An object's report of `size` bytes, begun with that. */
export function beginReport(object: IpcObject, size: number): DataView {
  const view = new DataView(new ArrayBuffer(size));
  view.setInt32(0, object.key, true);
  view.setUint32(4, object.uid, true);
  view.setUint32(8, object.gid, true);
  view.setUint32(12, object.creator, true);
  view.setUint32(16, object.creatorGroup, true);
  view.setUint32(20, object.mode, true);
  view.setUint16(24, Math.floor(object.id / SLOTS), true);
  return view;
}

/** Writes a report's 64-bit words from `offset` on. */
export function setWords(view: DataView, offset: number, words: readonly number[]): DataView {
  words.forEach((word, i) => {
    view.setBigInt64(offset + i * 8, BigInt(word), true);
  });
  return view;
}

/** IPC_SET: what `struct ipc64_perm` at `at` says of owner and permissions. */
export function setOwner(thread: Thread, object: IpcObject, at: number): void {
  object.uid = thread.memory.readU32(at + 4);
  object.gid = thread.memory.readU32(at + 8);
  object.mode = (object.mode & ~PERMISSIONS) | (thread.memory.readU32(at + 20) & PERMISSIONS);
  object.changedAt = now(thread);
}

/** An identifier is a slot and, times this, how often slots were used anew (IPCMNI). */
const SLOTS = 32768;

/** All objects of one kind. */
export class IpcTable<T extends IpcObject> {
  readonly most: number;
  private readonly slots: (T | undefined)[] = [];
  private readonly keys = new Map<number, T>();
  private sequence = 0;
  private lastSlot = -1;
  private leastFree = 0;
  /** How many there are, and what they weigh. */
  count = 0;
  weight = 0;

  constructor(most: number) {
    this.most = most;
  }

  /**
   * The object of a key, or a new one (the `get` calls). `check` throws what the kind has against one that exists, `make` what it has
   * against a new one.
   */
  get(thread: Thread, key: number, flags: number, check: (object: T) => void, make: () => T): number {
    const known = key === IPC_PRIVATE ? undefined : this.keys.get(key);
    if (known) {
      if (flags & IPC_CREAT && flags & IPC_EXCL) fail("EEXIST");
      check(known);
      requirePermission(thread, known, flags & PERMISSIONS);
      return known.id;
    }
    if (key !== IPC_PRIVATE && !(flags & IPC_CREAT)) fail("ENOENT");
    const made = make();
    if (this.count >= this.most) fail("ENOSPC");
    this.add(made);
    return made.id;
  }

  /** EINVAL for an identifier that was never given out, EIDRM for one whose slot another one has. */
  find(id: number): T {
    if (id < 0) fail("EINVAL");
    const object = this.slots[id % SLOTS];
    if (!object) return fail("EINVAL");
    return object.id === id ? object : fail("EIDRM");
  }

  /** The object in a slot (the `_STAT` commands with which all are listed). */
  at(slot: number): T {
    return this.slots[slot % SLOTS] ?? fail("EINVAL");
  }

  remove(object: T): void {
    this.hide(object);
    this.slots[object.id % SLOTS] = undefined;
    this.leastFree = Math.min(this.leastFree, object.id % SLOTS);
    this.count--;
    this.weight -= object.weight;
    object.removed();
  }

  /** Nobody finds it by its key any more. */
  hide(object: T): void {
    this.keys.delete(object.key);
    object.key = IPC_PRIVATE;
  }

  all(): T[] {
    return this.slots.filter((object) => object !== undefined);
  }

  /** The highest slot in use: what the commands that tell of the kind return. */
  get highest(): number {
    return Math.max(
      0,
      this.slots.findLastIndex((object) => object !== undefined),
    );
  }

  private add(object: T): void {
    let slot = this.leastFree;
    while (this.slots[slot]) slot++;
    this.leastFree = slot + 1;
    if (slot <= this.lastSlot) this.sequence = (this.sequence + 1) % 65536;
    this.lastSlot = slot;
    object.id = this.sequence * SLOTS + slot;
    this.slots[slot] = object;
    if (object.key !== IPC_PRIVATE) this.keys.set(object.key, object);
    this.count++;
    this.weight += object.weight;
  }
}
