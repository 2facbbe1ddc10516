import { processState } from "../rkprocess/state.ts";

/** How much rather than others a process is to be ended when memory runs out (`oom_score_adj`): -1000 to 1000. */
export const oomAdjustment = processState<{ value: number }>({
  create: () => ({ value: 0 }),
  fork: ({ value }) => ({ value }),
});
