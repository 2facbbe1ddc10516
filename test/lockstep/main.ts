import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { prepareGuest } from "../../src/cli/guest.ts";
import type { JitMode } from "../../src/cpu/jit/jit.ts";
import { nodeHost } from "../../src/host/node.ts";
import { Machine } from "../../src/machine/machine.ts";
import { lockstep } from "./lockstep.ts";
import { bootedSide, hostedSide } from "./side.ts";

/**
 * The long form of the lockstep test: `node tools/run.js test/lockstep/main.ts [OPTIONS] PROGRAM ARGUMENTS…` runs a program under the library OS, with `--kernel IMAGE` a machine boots instead. Ends with 0 where translated code did what interpreted
 * code does, to the last bit.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jit: { type: "string", default: "on" },
    piece: { type: "string", default: "200000" },
    "memory-every": { type: "string", default: "100" },
    most: { type: "string", default: "1e12" },
    memory: { type: "string", default: "256" },
    root: { type: "string" },
    "allow-wx": { type: "boolean", default: false },
    kernel: { type: "string" },
    initrd: { type: "string" },
    append: { type: "string", default: "console=hvc0" },
    harts: { type: "string", default: "1" },
    bios: { type: "string", default: "builtin" },
    show: { type: "string", default: "1000" },
    typed: { type: "string", default: "" },
  },
});

const bootFile = (name: string) => ({ name, bytes: new Uint8Array(readFileSync(name)) });
const { kernel, initrd, append } = values;
const memory = Number(values.memory) * 2 ** 20;
const [program, ...args] = positionals;
const typed: string = JSON.parse(`"${values.typed}"`);

/** Types at the shell's first prompt. */
function typeOnce(): (machine: Machine, printed: string) => void {
  const done = new Set<Machine>();
  return (machine, printed) => {
    if (done.has(machine) || !/\n\S* ?# /.test(printed)) return;
    done.add(machine);
    machine.type(typed);
  };
}

async function boot(image: string, jit: JitMode) {
  const printed: string[] = [];
  const print = (bytes: Uint8Array) => printed.push(Buffer.from(bytes).toString("latin1"));
  const bios = values.bios === "builtin" || values.bios === "none" ? values.bios : bootFile(values.bios);
  const files = { kernel: bootFile(image), initrd: initrd === undefined ? undefined : bootFile(initrd) };
  const machine = await Machine.create({
    memory,
    harts: Number(values.harts),
    boot: { bios, ...files, append },
    deterministic: true,
    host: nodeHost,
    print,
    jit,
  });
  return { machine, printed: () => printed.join("") };
}

const hosted = {
  root: values.root,
  mem: memory,
  aslr: true,
  allowWx: values["allow-wx"],
  deterministic: true,
};
const make =
  kernel === undefined
    ? hostedSide(({ jit, ...given }) => prepareGuest(program, args, { ...hosted, jit }).create(given))
    : bootedSide((jit) => boot(kernel, jit), typeOnce());
let told = performance.now();
const { retired, exits, stats, output, difference } = await lockstep(make, {
  jit: values.jit as "on" | "always",
  piece: Number(values.piece),
  memoryEvery: Number(values["memory-every"]),
  most: Number(values.most),
  progress: ({ retired, exits }) => {
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    console.error(`${retired} instructions, ${exits} exits`);
  },
});
console.log(output.slice(-Number(values.show)));
console.log(`${retired} instructions, ${exits} exits of regions alike; ${JSON.stringify(stats)}`);
if (difference !== undefined) console.log(difference);
// A machine that waits for what nobody types has nothing to do any more.
process.exit(difference === undefined ? 0 : 1);
