/** One resource's limits. `INFINITY` (2^64 - 1 to the guest) stands for none. */
export interface ResourceLimit {
  soft: bigint;
  hard: bigint;
}

export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

export const Limit = {
  cpu: 0,
  fileSize: 1,
  data: 2,
  stack: 3,
  core: 4,
  resident: 5,
  processes: 6,
  files: 7,
  locked: 8,
  addressSpace: 9,
  messageQueues: 12,
  nice: 13,
  realtimePriority: 14,
} as const;

const COUNT = 16;

/** As Linux starts a process with: an 8 MiB stack, 1024 files, no core dumps, no urgency without privileges. */
export function initialLimits(): ResourceLimit[] {
  const limits = Array.from({ length: COUNT }, () => ({ soft: RLIM_INFINITY, hard: RLIM_INFINITY }));
  limits[Limit.stack].soft = 8n * 1024n * 1024n;
  limits[Limit.core].soft = 0n;
  for (const none of [Limit.nice, Limit.realtimePriority]) limits[none] = { soft: 0n, hard: 0n };
  limits[Limit.files] = { soft: 1024n, hard: 524288n };
  limits[Limit.messageQueues] = { soft: 819200n, hard: 819200n };
  limits[Limit.locked] = { soft: 8n * 1024n * 1024n, hard: 8n * 1024n * 1024n };
  return limits;
}
