import { Policy, type Scheduling } from "../rksched/scheduler.ts";

/** Of nice 0. */
export const NORMAL_WEIGHT = 1024;

/** Of SCHED_IDLE (Linux's WEIGHT_IDLEPRIO). */
const IDLE_WEIGHT = 3;

/**
 * What a nice value from -20 to 19 weighs, as under Linux (`sched_prio_to_weight`): each step is about a factor of 1.25,
 * which moves some tenth of the processor between two threads.
 */
const WEIGHTS = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121,
  2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23,
  18, 15,
];

/** A thread's part of the time is its weight's part of the weight of all that could run. */
export function weightOf({ policy, nice }: Readonly<Scheduling>): number {
  return policy === Policy.idle ? IDLE_WEIGHT : WEIGHTS[nice + 20];
}
