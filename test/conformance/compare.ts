import { qemu, type Run, runikraft, temporaryFolder } from "../guests/toolchain.ts";
import { areas, compileArea, expectedResults, resultsOf } from "./suite.ts";

/**
 * `node tools/test-guests.js --run test/conformance/compare.ts [AREA…]`: how many cases do the same as on Linux, under
 * Runikraft and under qemu-riscv64, and which do not.
 */

const wanted = process.argv.length > 2 ? process.argv.slice(2) : areas;
const folder = temporaryFolder();
const emulators: Readonly<Record<string, (program: string) => Run>> = {
  Runikraft: (program) => runikraft(["run", "--mem", "512M", program]),
  // Files in memory, as the others have them.
  "qemu-riscv64": (program) => qemu([program], { env: { TMPDIR: "/dev/shm" } }),
};
const names = Object.keys(emulators);
const totals = new Map<string, number>();
const differing: string[] = [];

function print(...cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

print("area", "cases", ...names);
print("---", "---", ...names.map(() => "---"));
for (const area of wanted) {
  const program = compileArea(area, folder);
  const expected = [...expectedResults(area)].filter(([name]) => name !== "end");
  const counts = Object.entries(emulators).map(([name, run]) => {
    const actual = resultsOf(run(program).stdout);
    const wrong = expected.filter(([test, text]) => actual.get(test) !== text).map(([test]) => test);
    if (wrong.length > 0) differing.push(`${name}, ${area}: ${wrong.join(" ")}`);
    totals.set(name, (totals.get(name) ?? 0) + expected.length - wrong.length);
    return expected.length - wrong.length;
  });
  totals.set("cases", (totals.get("cases") ?? 0) + expected.length);
  print(area, expected.length, ...counts);
}
print("all", totals.get("cases") ?? 0, ...names.map((name) => totals.get(name) ?? 0));
process.stdout.write(`\n${differing.join("\n")}\n`);
