import type { Flow } from "./flow.ts";

/** Instructions in a tight loop at most. */
const TIGHT = 100;

/**
 * By block: the heads of the natural loops around it, in ascending order, which is from outside to inside. `sources`: see
 * `Flow`.
 */
export function loopsOf(sources: Flow["sources"]): number[][] {
  const loops: number[][] = sources.map(() => []);
  sources.forEach((from, head) => {
    const queue = from.filter((source) => source >= head);
    if (queue.length > 0) loops[head].push(head);
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (loops[at].at(-1) === head) continue;
      loops[at].push(head);
      queue.push(...sources[at]);
    }
  });
  return loops;
}

/** Each block's loop that has no other one inside, by its head; -1 where it is in none. */
export function innermostLoops(loops: Flow["loops"]): number[] {
  const isOuter: boolean[] = loops.map(() => false);
  for (const heads of loops) for (let i = 0; i < heads.length - 1; i++) isOuter[heads[i]] = true;
  return loops.map((heads) => {
    const head = heads.length > 0 ? heads[heads.length - 1] : -1;
    return head < 0 || isOuter[head] ? -1 : head;
  });
}

/** Whether each block is in an innermost loop that is short: what goes around in it does little else. */
export function tightBlocks(flow: Flow): boolean[] {
  const isTightHead = flow.order.map((_, index) => isTight(flow, index));
  return flow.innermost.map((head) => head >= 0 && isTightHead[head]);
}

/** Whether the loop that begins at a block is an innermost one, and short. */
export function isTight({ order, innermost }: Flow, head: number): boolean {
  if (innermost[head] !== head) return false;
  let length = 0;
  innermost.forEach((its, index) => {
    if (its === head) length += order[index].all.length;
  });
  return length <= TIGHT;
}
