import { RngDevice } from "../../src/devices/virtio/rng.ts";
import type { Target } from "./target.ts";

export function rng(): Target {
  let next = 0;
  return {
    device: new RngDevice((into) => {
      for (let i = 0; i < into.length; i++) into[i] = next++;
    }),
    request: (random) => ({
      queue: 0,
      readable: random.below(4) === 0 ? [Uint8Array.of(1)] : [],
      writable: [1 + random.below(64), 1 + random.below(64)],
    }),
    works(driver) {
      next = 1;
      const used = driver.request(0, undefined, 3);
      return used?.written === 3 && used.bytes.join() === "1,2,3";
    },
  };
}
