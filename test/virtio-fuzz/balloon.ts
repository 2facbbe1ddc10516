import { BalloonDevice } from "../../src/devices/virtio/balloon.ts";
import { RAM_BASE } from "../../src/devices/virtio/driver-fixture.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf, type Parts, type Request, type Target } from "./target.ts";

const FIRST_PAGE = RAM_BASE / 4096;
/** Pages that nothing else uses. */
const SPARE = FIRST_PAGE + 0x500;

function request(random: Random): Request {
  const queue = random.below(5);
  if (queue >= 3) return { queue, readable: [], writable: [4096 * random.below(8) + random.below(3), 4096] };
  if (queue === 2) return { queue, readable: [bytesOf(random, random.below(200))], writable: [] };
  const edges = [SPARE, FIRST_PAGE - 1, FIRST_PAGE + 0x7ff, FIRST_PAGE + 0x800, 0, 0xffff_ffff];
  const pages = Uint32Array.from({ length: random.below(20) }, () =>
    random.below(4) === 0 ? random.pick(edges) : SPARE + random.below(0x80),
  );
  return { queue, readable: [new Uint8Array(pages.buffer)], writable: [] };
}

export function balloon({ discard }: Parts): Target {
  let discarded = 0;
  const device = new BalloonDevice((page) => {
    discarded = page;
    discard(page);
  });
  return {
    device,
    request,
    poke(random) {
      if (random.below(2) === 0) device.target = random.word();
      else device.refreshStatistics();
    },
    works(driver) {
      discarded = 0;
      const used = driver.request(0, new Uint8Array(Uint32Array.of(SPARE + 1).buffer));
      return used?.written === 0 && discarded === SPARE + 1;
    },
  };
}
