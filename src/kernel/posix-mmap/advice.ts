/** `madvise` values that give pages back: MADV_DONTNEED, MADV_FREE (which may do so at once), MADV_DONTNEED_LOCKED. */
export const discardingAdvice: ReadonlySet<number> = new Set([4, 8, 24]);

/**
 * Values that change nothing a program could see: NORMAL, RANDOM, SEQUENTIAL, WILLNEED, MERGEABLE, UNMERGEABLE,
 * HUGEPAGE, NOHUGEPAGE, DONTDUMP, DODUMP, COLD, PAGEOUT.
 */
export const harmlessAdvice: ReadonlySet<number> = new Set([0, 1, 2, 3, 12, 13, 14, 15, 16, 17, 20, 21]);
