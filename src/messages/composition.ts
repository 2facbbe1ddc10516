import { catalogue } from "./catalogue.ts";

/** What is said of the way a kernel is put together. */
export const compositionText = catalogue(
  {
    machineNeeds: (api: string) => `the machine needs ${api}, which no linked library provides`,
  },
  {
    machineNeeds: (api) => `机器需要 ${api}，而链接的微库都不提供它`,
  },
);
