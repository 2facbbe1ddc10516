import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SEQUENCES } from "../src/cpu/wasm/sequences.ts";
import { buildProgram, PROGRAMS } from "./programs.ts";
import { Chosen, chooseGreedily, dispatchRate, type Profile } from "./sequences/choose.ts";
import { profileProgram } from "./sequences/profile.ts";
import { staticPairs } from "./sequences/static-pairs.ts";
import { projectRoot } from "./tools.ts";

/**
 * Chooses what `src/cpu/wasm/sequences.ts` lists:
 *
 *     node tools/run.js bench/sequences.ts --busybox FILE [--write]
 *
 * First the pairs that are most frequent in the programs' code, executed or not: they help whatever is run. Then,
 * greedily, what saves most dispatches in what the benchmark programs and busybox execute. Says how many dispatches an
 * instruction then takes, in the profiled programs and in others, with the present list and with the new one.
 */
const STATIC_PAIRS = 350;
const GREEDY = 150;
const LONGEST = 4;
/** Of each program, this many instructions are looked at. */
const PROFILED = 400_000;

/** Work small enough that what a program does after its start is most of it. */
const WORK: Readonly<Record<string, string>> = {
  chase: "50000",
  division: "3000",
  interpreter: "3000",
  recursion: "22",
  sha256: "40",
  sieve: "1",
  sort: "1",
  strings: "40",
};

const BUSYBOX: readonly string[][] = [
  [
    "awk",
    "BEGIN { for (i = 0; i < 3000; i++) { t[i % 97] += i * 3; s = s substr(i, 1, 1) } print t[5], length(s) }",
  ],
  ["gzip", "-c", "/bin/busybox"],
  [
    "sh",
    "-c",
    "i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); case $i in *7) n=$((n + i)) ;; esac; done; echo $n",
  ],
  ["sha256sum", "/bin/busybox"],
  ["sort", "/bin/busybox"],
];
/** Not chosen by: to see what the choice is worth elsewhere. */
const OTHERS: readonly string[][] = [
  ["bzip2", "-c", "/bin/busybox"],
  ["sed", "s/[aeiou]/<&>/g", "/bin/busybox"],
  ["od", "-x", "/bin/busybox"],
  ["sha512sum", "/bin/busybox"],
  ["factor", "1000000016000000063", "999999999999999989"],
  ["uuencode", "/bin/busybox", "x"],
];

const { values } = parseArgs({ options: { busybox: { type: "string" }, write: { type: "boolean" } } });
if (values.busybox === undefined) {
  console.error("usage: node tools/run.js bench/sequences.ts --busybox FILE [--write]");
  process.exit(2);
}
const busybox = readFileSync(values.busybox);
const folder = mkdtempSync(join(tmpdir(), "runikraft-sequences-"));
const built = PROGRAMS.filter(({ name }) => name in WORK).map((program) => ({
  program,
  elf: readFileSync(buildProgram(program, folder)),
}));
rmSync(folder, { recursive: true });

const profiles: Profile[] = [];
for (const { program, elf } of built)
  profiles.push(await profileProgram(elf, [program.name, WORK[program.name]], PROFILED));
for (const applet of BUSYBOX) profiles.push(await profileProgram(busybox, ["busybox", ...applet], PROFILED));
const others: Profile[] = [];
for (const applet of OTHERS) others.push(await profileProgram(busybox, ["busybox", ...applet], PROFILED));

const chosen = new Chosen();
const pairs = await staticPairs([busybox, ...built.map(({ elf }) => elf)]);
for (const pair of pairs.slice(0, STATIC_PAIRS)) chosen.add(pair);
say(`the ${STATIC_PAIRS} most frequent pairs`, chosen);
chooseGreedily(profiles, chosen, GREEDY, LONGEST);
say(`with ${GREEDY} chosen greedily`, chosen);
const present = new Chosen();
for (const sequence of SEQUENCES) present.add(sequence);
say("the present list", present);

const list = [...chosen.sequences].sort();
if (values.write) writeList(list);
else console.log(list.join("\n"));

function say(what: string, sequences: Chosen): void {
  const rates = [profiles, others].map((some) => dispatchRate(some, sequences).toFixed(4));
  console.error(`${what}: ${rates[0]} dispatches an instruction; in programs not profiled ${rates[1]}`);
}

/** Puts the list in place of the one in `sequences.ts`. */
function writeList(sequences: readonly string[]): void {
  const file = join(projectRoot(), "src/cpu/wasm/sequences.ts");
  const text = readFileSync(file, "utf8");
  const lines = sequences.map((line) => `  ${line}\n`).join("");
  writeFileSync(
    file,
    text.replace(/= `\n[^`]*`/, () => `= \`\n${lines}\``),
  );
}
