import { compareSeed } from "./compare.ts";

/**
 * The long form of the differential run: `node tools/run.js test/differential/main.ts [INSTRUCTIONS [FIRST-SEED]]`. Random programs run on
 * QEMU's user mode and on the hart, in each way that there is (`MODES`), until as many instructions have been compared.
 */
const wanted = Number(process.argv[2] ?? 10_000_000);
let seed = Number(process.argv[3] ?? 1);
let compared = 0;
let differences = 0;
while (compared < wanted) {
  const { instructions, difference } = compareSeed(seed);
  compared += instructions;
  if (difference !== undefined) {
    differences++;
    console.log(difference);
  }
  console.error(`seed ${seed}: ${compared} instructions, ${differences} differences`);
  seed++;
}
console.log(`${compared} instructions compared, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
