import { analyseFlow, type Flow, retarget } from "./flow.ts";
import { isTight } from "./loops.ts";
import type { Block } from "./region.ts";

/**
 * Gives loops that begin at the same block heads of their own. A region begins where its code is hot, mostly at the head of an
 * inner loop, and what goes around that comes back to the same block: it would all be one loop, whose registers and checks are
 * those of an outer one. One that is tight as a whole is best left so.
 */
export function separateLoops(flow: Flow): Flow {
  for (let index = 0; index < flow.order.length; index++) {
    if (flow.loops[index].at(-1) !== index || isTight(flow, index)) continue;
    const latches = innerLatches(flow, index);
    if (latches.size > 0) return separateLoops(separate(flow, index, latches));
  }
  return flow;
}

/** Control comes to the head by a block before it, but for the edges of the inner loop. */
function separate({ order }: Flow, index: number, latches: ReadonlySet<number>): Flow {
  const head = order[index];
  const before: Block = {
    index: -1,
    offset: head.offset,
    body: [],
    end: { kind: "fall", to: head },
    all: [],
  };
  for (const block of order)
    if (!latches.has(block.index)) retarget(block.end, (to) => (to === head ? before : to));
  return analyseFlow(index === 0 ? before : order[0]);
}

/** The blocks that go back to the head in the innermost of the loops that begin there; empty where there is but one loop. */
function innerLatches({ sources }: Flow, head: number): ReadonlySet<number> {
  const latches = sources[head].filter((source) => source >= head);
  const bodies = latches.map((latch) => ({ latch, body: bodyOf(sources, head, latch) }));
  bodies.sort((a, b) => a.body.size - b.body.size);
  const inner = new Set<number>([head]);
  const found = new Set<number>();
  for (const { latch, body } of bodies) {
    // Around all of that, and not in its place.
    if (found.size > 0 && !inner.has(latch) && [...inner].every((block) => body.has(block))) return found;
    for (const block of body) inner.add(block);
    found.add(latch);
  }
  return new Set();
}

/** The natural loop of one edge back. */
function bodyOf(sources: Flow["sources"], head: number, latch: number): ReadonlySet<number> {
  const body = new Set([head, latch]);
  const queue = latch === head ? [] : [latch];
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const source of sources[at])
      if (!body.has(source)) {
        body.add(source);
        queue.push(source);
      }
  return body;
}
