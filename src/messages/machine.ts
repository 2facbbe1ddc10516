import { catalogue } from "./catalogue.ts";

/** Why a machine refuses what it is given. */
export const machineMessages = catalogue(
  {
    segmentOutsideRam: (name: string, index: number, range: string, ram: string) =>
      `${name}: segment ${index} (${range}) is not inside RAM (${ram})`,
  },
  {
    segmentOutsideRam: (name: string, index: number, range: string, ram: string) =>
      `${name}：段 ${index}（${range}）不在内存（${ram}）之内`,
  },
);
