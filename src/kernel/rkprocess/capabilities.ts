/** Capabilities by number, those that are asked for here (capabilities(7), uapi/linux/capability.h). */
export const Capability = {
  chown: 0,
  overrideFiles: 1,
  readFiles: 2,
  ownFiles: 3,
  setFileIds: 4,
  kill: 5,
  setGroups: 6,
  setUsers: 7,
  setCapabilities: 8,
  immutableFiles: 9,
  lockMemory: 14,
  ownIpc: 15,
  changeRoot: 18,
  trace: 19,
  administrate: 21,
  schedule: 23,
  raiseLimits: 24,
  setTime: 25,
  makeDevices: 27,
  setFileCapabilities: 31,
  overrideLabels: 32,
} as const;

/** CAP_LAST_CAP */
export const LAST_CAPABILITY = 40;

/** A set of capabilities: bit n is the one with number n. */
export type CapabilitySet = bigint;

export const NO_CAPABILITIES: CapabilitySet = 0n;
export const ALL_CAPABILITIES: CapabilitySet = (1n << BigInt(LAST_CAPABILITY + 1)) - 1n;

export function setOf(...capabilities: readonly number[]): CapabilitySet {
  return capabilities.reduce((set, capability) => set | (1n << BigInt(capability)), NO_CAPABILITIES);
}

export function isSubset(part: CapabilitySet, whole: CapabilitySet): boolean {
  return (part & ~whole) === 0n;
}

/** What the effective set loses with a change of the file system user id (CAP_FS_SET). */
export const FILE_CAPABILITIES = setOf(
  Capability.chown,
  Capability.overrideFiles,
  Capability.readFiles,
  Capability.ownFiles,
  Capability.setFileIds,
  Capability.immutableFiles,
  Capability.makeDevices,
  Capability.overrideLabels,
);

/** With these no check of a file's mode and owner fails, but that nobody runs what nobody may run. */
export const EVERY_FILE = setOf(
  Capability.chown,
  Capability.overrideFiles,
  Capability.readFiles,
  Capability.ownFiles,
  Capability.setFileIds,
);
