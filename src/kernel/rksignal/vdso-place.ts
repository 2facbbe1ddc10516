import { processState } from "../rkprocess/state.ts";

/** Where a process has the kernel's library. */
interface VdsoPlace {
  /** Where a signal handler returns to: riscv64 has no `sa_restorer`. */
  sigreturn: number;
  /** The page that it reads the clock's start from. */
  vvar: number;
}

export const vdsoPlace = processState<VdsoPlace>({
  create: () => ({ sigreturn: 0, vvar: 0 }),
  fork: (parent) => ({ ...parent }),
});
