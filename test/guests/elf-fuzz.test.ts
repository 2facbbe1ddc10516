import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseElf } from "../../src/loader/elf.ts";
import { fuzzElf } from "../loader/fuzz.ts";
import { busybox, compileStatic, root, temporaryFolder } from "./toolchain.ts";

/** The long form of test/loader/fuzz.test.ts, on real programs. `FUZZ_CASES` and `FUZZ_SEED` change the run. */
const cases = Number(process.env.FUZZ_CASES ?? 100_000);
const seed = BigInt(process.env.FUZZ_SEED ?? 1);

it(`loads ${cases} mutants of real programs, or refuses them in one line`, {
  timeout: 1_200_000,
}, async () => {
  const folder = temporaryFolder();
  const source = join(root, "test/guests/programs/integers.c");
  const compiled = (name: string, ...flags: string[]) => {
    const output = join(folder, name);
    execFileSync("riscv64-linux-gnu-gcc", [
      "-O1",
      `-I${join(root, "firmware/include")}`,
      ...flags,
      source,
      "-o",
      output,
    ]);
    return output;
  };
  const programs = [
    compiled("dynamic", "-pie", "-fPIE"),
    compiled("fixed", "-no-pie", "-g"),
    compiled("now", "-Wl,-z,now,-z,separate-code", "-s"),
    compileStatic(source, join(folder, "static"), "-s"),
    join(root, "firmware/prebuilt/posix-tour.elf"),
    busybox,
  ].map((path) => new Uint8Array(readFileSync(path)));
  const linker = "/usr/riscv64-linux-gnu/lib/ld-linux-riscv64-lp64d.so.1";
  const interpreter = await parseElf(new Uint8Array(readFileSync(linker)), "ld.so");
  const report = await fuzzElf(programs, interpreter, cases, seed);
  const fields = [...report.refusals]
    .sort((a, b) => b[1] - a[1])
    .map(([field, count]) => `${field} ${count}`);
  console.log(
    `seed ${seed}: ${report.cases} cases, ${report.loaded} loaded, slowest ${report.slowest.toFixed(0)} ms\n${fields.join(", ")}`,
  );
  expect(report.loaded).toBeGreaterThan(cases / 20);
});
