import { test } from "vitest";
import { DEVICES } from "./virtio-fuzz/devices.ts";
import { fuzz } from "./virtio-fuzz/fuzz.ts";

test.each(Object.entries(DEVICES))("%s stands hostile drivers", async (_name, make) => {
  await fuzz({ make, cases: 1500, seed: 1 });
});
