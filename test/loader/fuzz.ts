import { SymbolTable } from "../../src/debug/symbols.ts";
import { parseElf, readSymbols } from "../../src/loader/elf.ts";
import type { Image } from "../../src/loader/image.ts";
import { loadProgram } from "../../src/loader/program.ts";
import { LoadError } from "../../src/loader/refuse.ts";
import { reportElf } from "../../src/loader/report.ts";
import { SeededRandom } from "../../src/random/seeded-random.ts";
import { RecordingTarget } from "./elf-file.ts";

/**
 * A mutational fuzzer for the loader: takes good ELF files, breaks them in one to four places, and holds the loader
 * to its promise, a clean load or one line. The same seed makes the same cases.
 */
export interface FuzzReport {
  readonly cases: number;
  /** Cases that a program was loaded from. */
  readonly loaded: number;
  /** How many distinct first words after "ELF" the refusals had: the fields that were found wrong. */
  readonly refusals: ReadonlyMap<string, number>;
  /** The slowest case, in milliseconds of processor time. */
  readonly slowest: number;
}

const TIME_BOUND_MS = 1000;
/** The stack, the page for sigreturn and rounding to pages, on top of the image and the interpreter. */
const MAPPED_BOUND = 2 * 2 ** 31 + 2 ** 24;

export async function fuzzElf(
  seeds: readonly Uint8Array[],
  interpreter: Image,
  cases: number,
  seed: bigint,
): Promise<FuzzReport> {
  const random = new SeededRandom(seed);
  const refusals = new Map<string, number>();
  let loaded = 0;
  let slowest = 0;
  for (let i = 0; i < cases; i++) {
    const { bytes, story } = mutant(seeds[i % seeds.length], random);
    const started = process.cpuUsage();
    let outcome: string;
    try {
      outcome = await runCase(bytes, interpreter, BigInt(i));
    } catch (error) {
      throw new Error(`seed ${seed}, case ${i}, file ${i % seeds.length}: ${story.join("; ")}`, {
        cause: error,
      });
    }
    const { user, system } = process.cpuUsage(started);
    const took = (user + system) / 1000;
    slowest = Math.max(slowest, took);
    if (took > TIME_BOUND_MS) throw new Error(`seed ${seed}, case ${i} took ${took} ms: ${story.join("; ")}`);
    if (outcome === "loaded") loaded++;
    else refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
  }
  return { cases, loaded, refusals, slowest };
}

/** Everything the loader does with a file. Returns "loaded", or the field that it was refused for. */
async function runCase(bytes: Uint8Array, interpreter: Image, seed: bigint): Promise<string> {
  await refusalOf(async () => void (await parseElf(bytes, "fuzz", { bare: true })));
  await refusalOf(async () => void (await reportElf(bytes, "fuzz")));
  await refusalOf(async () => {
    const symbols = new SymbolTable(await readSymbols(bytes, "fuzz"));
    symbols.describe(0x10400);
    symbols.find("main");
  });
  return (
    (await refusalOf(async () => load(await parseElf(bytes, "fuzz"), bytes, interpreter, seed))) ?? "loaded"
  );
}

function load(image: Image, bytes: Uint8Array, interpreter: Image, seed: bigint): void {
  const target = new RecordingTarget();
  const needed = image.interpreter === undefined ? undefined : interpreter;
  const ids = { uid: 0, euid: 0, gid: 0, egid: 0 };
  const { entry, stackPointer } = loadProgram(target, image, needed, {
    argv: ["fuzz"],
    envp: [],
    path: "/fuzz",
    ids,
    seed,
  });
  const at = (address: number) => target.mappings.find((one) => address >= one.start && address < one.end);
  if (!at(entry)?.execute) throw new RangeError("the entry is not executable");
  if (!at(stackPointer)?.write) throw new RangeError("the stack is not writable");
  if (target.mappings.some((one) => one.write && one.execute)) throw new RangeError("memory is W and X");
  const mapped = target.mappings.reduce((sum, one) => sum + one.end - one.start, 0);
  if (mapped > MAPPED_BOUND) throw new RangeError(`${mapped} bytes are mapped`);
  const written = target.writes.reduce((sum, one) => sum + one.bytes.length, 0);
  if (written > 2 * bytes.length + 2 ** 24) throw new RangeError(`${written} bytes are written`);
}

/** The field of the one-line refusal; `undefined` for success. Lets every other exception through. */
async function refusalOf(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a message must hold none.
    if (!/^[^\x00-\x1f\x7f-\x9f]+$/.test(error.message))
      throw new Error("not one clean line", { cause: error });
    return /ELF (\S+)/.exec(error.message)?.[1] ?? error.message;
  }
}

type Mutation = (bytes: Uint8Array, random: SeededRandom) => { bytes: Uint8Array; story: string };

function mutant(original: Uint8Array, random: SeededRandom): { bytes: Uint8Array; story: string[] } {
  let bytes: Uint8Array = original.slice();
  const story: string[] = [];
  const count = 1 + random.bits(2);
  for (let i = 0; i < count; i++) {
    const mutation = MUTATIONS[random.u32() % MUTATIONS.length];
    const made = mutation(bytes, random);
    bytes = made.bytes;
    story.push(made.story);
  }
  return { bytes, story };
}

/** Values at the edges of what fields may hold. */
function interesting(random: SeededRandom, fileSize: number): bigint {
  const edges = [
    0n,
    1n,
    2n,
    3n,
    8n,
    56n,
    64n,
    0x1000n,
    0x10000n,
    1n << 31n,
    1n << 32n,
    1n << 38n,
    1n << 53n,
    1n << 63n,
  ];
  const bases = [
    ...edges,
    BigInt(fileSize),
    (1n << 64n) - 1n,
    BigInt(random.u32()),
    BigInt(random.bits(20)) << 12n,
  ];
  const base = bases[random.u32() % bases.length];
  return BigInt.asUintN(64, base + BigInt(random.bits(2)) - 1n);
}

function write(bytes: Uint8Array, at: number, size: number, value: bigint): void {
  for (let i = 0; i < size && at + i < bytes.length; i++)
    bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/** Fields of the ELF header, of a program header and of a section header: offset and size. */
const HEADER_FIELDS = [
  [4, 1],
  [5, 1],
  [7, 1],
  [16, 2],
  [18, 2],
  [20, 4],
  [24, 8],
  [32, 8],
  [40, 8],
  [48, 4],
  [52, 2],
  [54, 2],
  [56, 2],
  [58, 2],
  [60, 2],
  [62, 2],
];
const PROGRAM_FIELDS = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 8],
  [48, 8],
];
const SECTION_FIELDS = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 4],
  [44, 4],
  [48, 8],
  [56, 8],
];
const PROGRAM_TYPES = [0, 1, 2, 3, 4, 6, 7, 0x6474e551, 0x6474e552, 0x6474e553];

interface Tables {
  readonly phoff: number;
  readonly phnum: number;
  readonly shoff: number;
  readonly shnum: number;
}

function tables(bytes: Uint8Array): Tables {
  if (bytes.length < 64) return { phoff: 0, phnum: 1, shoff: 0, shnum: 1 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const within = (offset: bigint) => (offset < bytes.length ? Number(offset) : 64);
  return {
    phoff: within(view.getBigUint64(32, true)),
    phnum: Math.max(1, Math.min(64, view.getUint16(56, true))),
    shoff: within(view.getBigUint64(40, true)),
    shnum: Math.max(1, Math.min(128, view.getUint16(60, true))),
  };
}

function setField(fields: number[][], start: number, name: string): Mutation {
  return (bytes, random) => {
    const [offset, size] = fields[random.u32() % fields.length];
    const value = interesting(random, bytes.length);
    write(bytes, start + offset, size, value);
    return { bytes, story: `${name}+${offset} = 0x${value.toString(16)}` };
  };
}

const MUTATIONS: readonly Mutation[] = [
  setField(HEADER_FIELDS, 0, "header"),
  ...[1, 2, 3].map(
    (): Mutation => (bytes, random) => {
      const { phoff, phnum } = tables(bytes);
      const index = random.u32() % phnum;
      return setField(PROGRAM_FIELDS, phoff + 56 * index, `segment ${index}`)(bytes, random);
    },
  ),
  (bytes, random) => {
    const { shoff, shnum } = tables(bytes);
    const index = random.u32() % shnum;
    return setField(SECTION_FIELDS, shoff + 64 * index, `section ${index}`)(bytes, random);
  },
  // One field of one program header copied to that of another: overlaps, equal ranges.
  (bytes, random) => {
    const { phoff, phnum } = tables(bytes);
    const [from, to] = [random.u32() % phnum, random.u32() % phnum];
    const [offset, size] = PROGRAM_FIELDS[random.u32() % PROGRAM_FIELDS.length];
    bytes.copyWithin(phoff + 56 * to + offset, phoff + 56 * from + offset, phoff + 56 * from + offset + size);
    return { bytes, story: `segment ${to}+${offset} from ${from}` };
  },
  (bytes, random) => {
    const { phoff, phnum } = tables(bytes);
    const index = random.u32() % phnum;
    const type = PROGRAM_TYPES[random.u32() % PROGRAM_TYPES.length];
    write(bytes, phoff + 56 * index, 4, BigInt(type));
    return { bytes, story: `segment ${index} type 0x${type.toString(16)}` };
  },
  // A small step off a value that was right.
  (bytes, random) => {
    const { phoff, phnum } = tables(bytes);
    const at = phoff + 56 * (random.u32() % phnum) + 8 * (1 + (random.u32() % 6));
    if (at < bytes.length) bytes[at] += [1, 255, 8, 16][random.bits(2)];
    return { bytes, story: `byte ${at} stepped` };
  },
  // Entries of the dynamic section: tag or value.
  (bytes, random) => {
    const { phoff, phnum } = tables(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < phnum && phoff + 56 * i + 56 <= bytes.length; i++) {
      if (view.getUint32(phoff + 56 * i, true) !== 2) continue;
      const at = Number(view.getBigUint64(phoff + 56 * i + 8, true)) + 8 * random.bits(6);
      const value = random.bits(1) ? interesting(random, bytes.length) : BigInt(random.bits(5));
      write(bytes, at, 8, value);
      return { bytes, story: `dynamic word at ${at} = 0x${value.toString(16)}` };
    }
    return { bytes, story: "no dynamic section" };
  },
  (bytes, random) => {
    const length = random.bits(1) ? random.u32() % (bytes.length + 1) : random.u32() % 1024;
    return { bytes: bytes.subarray(0, length), story: `cut to ${length}` };
  },
  (bytes, random) => {
    if (bytes.length === 0) return { bytes, story: "empty" };
    const places = Array.from({ length: 1 + random.bits(4) }, () => random.u32() % bytes.length);
    for (const at of places) bytes[at] ^= 1 << random.bits(3);
    return { bytes, story: `bits flipped at ${places.join(", ")}` };
  },
  (bytes, random) => {
    const start = random.u32() % 1024;
    const end = start + random.bits(7);
    bytes.fill(random.bits(1) ? 0 : 0xff, start, end);
    return { bytes, story: `filled ${start} to ${end}` };
  },
];
