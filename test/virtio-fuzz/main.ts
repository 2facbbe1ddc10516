/**
 * Attacks a virtio device: `node tools/run.js test/virtio-fuzz/main.ts DEVICE CASES SEED`. Ends with 0 where nothing was
 * found. The host's memory is measured after the first tenth of the cases and at the end.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEVICES } from "./devices.ts";
import { fuzz } from "./fuzz.ts";

/** Bytes that the host's memory may have grown by, whatever the number of cases. */
const MOST_GROWTH = 16 << 20;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const [name, cases, seed] = [
  process.argv[2],
  Number(process.argv[3] ?? 100_000),
  Number(process.argv[4] ?? 1),
];
const make = DEVICES[name];
if (!make || !(cases >= 10)) {
  console.error(`usage: main.ts ${Object.keys(DEVICES).join("|")} CASES SEED`);
  process.exit(2);
}
const every = Math.floor(cases / 10);
const started = performance.now();
let early = 0;
let late = 0;
await fuzz({
  make,
  cases,
  seed,
  progress: {
    every,
    report(done) {
      late = memoryInUse();
      early ||= late;
      const rate = Math.round(done / ((performance.now() - started) / 1000));
      console.log(`${name}: ${done} cases, ${rate}/s, ${(late / 2 ** 20).toFixed(1)} MiB in use`);
    },
  },
});
if (late - early > MOST_GROWTH) {
  console.error(`${name}: the host's memory grew from ${early} to ${late} bytes`);
  process.exit(1);
}
