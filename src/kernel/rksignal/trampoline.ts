import { processState } from "../rkprocess/state.ts";

/**
 * Where a signal handler returns to: user code that calls `rt_sigreturn`. riscv64 has no `sa_restorer`, so the
 * kernel maps it (Linux keeps it in its vDSO).
 */
export const signalTrampoline = processState<{ address: number }>({
  create: () => ({ address: 0 }),
  fork: (parent) => ({ ...parent }),
});
