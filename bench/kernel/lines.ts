/** Where a machine has what the lines name. */
export interface Place {
  /** Before the path of a program of the guest's: the words that start it, if it takes any, and its root on the machine. */
  readonly start: readonly string[];
  readonly root: string;
  /** The folder with `calls` and the files that programs work on. */
  readonly files: string;
  /** A folder to write to. */
  readonly scratch: string;
}

export type Unit = "µs" | "ms" | "MB/s" | "1/s";

/** Something that is measured: what `calls` is to do, and how its figure is told. */
export interface Line {
  readonly name: string;
  readonly about: string;
  readonly unit: Unit;
  /** The arguments of `calls`. */
  args(place: Place): readonly string[];
  /** What `calls` has to find, where it is known beforehand; the machines' results are compared anyway. */
  readonly result?: string;
  /** Things done by each of what `calls` counts; 1 unless said. */
  readonly each?: number;
  /** It starts other programs, which an emulator of one program leaves to the host. */
  readonly startsOthers?: boolean;
}

/** Rows that the database gets. */
const ROWS = 20_000;

/** What `sqlite3` reads. */
export function databaseScript(): string {
  const inserts = Array.from(
    { length: ROWS },
    (_, i) => `INSERT INTO t VALUES(${i},'row ${(i * 7919) % ROWS}');`,
  );
  return [
    "DROP TABLE IF EXISTS t;",
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);",
    "BEGIN;",
    ...inserts,
    "COMMIT;",
    "SELECT count(*), sum(a), min(b) FROM t;",
    "",
  ].join("\n");
}

const command =
  (runs: number, program: string, args: (place: Place) => readonly string[] = () => []) =>
  (place: Place): readonly string[] => [
    ...["command", String(runs), ...place.start, `${place.root}${program}`],
    ...args(place),
  ];

const onFile = (kind: string) => (place: Place) => [kind, `${place.scratch}/file`];

/** Debian's program for one language, in the folder of its version. */
const CC1 = "/usr/libexec/gcc/riscv64-linux-gnu/14/cc1";

/** In the order of the report. */
export const LINES: readonly Line[] = [
  { name: "null", about: "system call: getppid", unit: "µs", args: () => ["null"], result: "300000" },
  { name: "pipe", about: "a byte into a pipe and out of it", unit: "µs", args: () => ["pipe"] },
  {
    name: "switch",
    about: "a byte to a process and one back",
    unit: "µs",
    args: () => ["switch"],
  },
  { name: "fault", about: "first touch of a page", unit: "µs", args: () => ["fault"], result: "10000" },
  { name: "fork", about: "fork, exit, wait", unit: "µs", args: () => ["fork"] },
  {
    name: "fork-large",
    about: "the same with 64 MiB resident",
    unit: "µs",
    args: () => ["fork-large"],
    result: "435",
  },
  { name: "exec", about: "vfork, exec of true, wait", unit: "ms", args: command(30, "/usr/bin/true") },
  {
    name: "open",
    about: "open and close",
    unit: "µs",
    args: onFile("open"),
    result: "20000",
  },
  { name: "write", about: "32 MiB in blocks of 64 KiB", unit: "MB/s", args: onFile("write"), result: "7" },
  { name: "read", about: "32 MiB in blocks of 64 KiB", unit: "MB/s", args: onFile("read"), result: "3584" },
  {
    name: "sqlite",
    about: "inserts into a database, one transaction",
    unit: "1/s",
    each: ROWS,
    args: command(1, "/usr/bin/sqlite3", ({ files, scratch }) => [
      `${scratch}/database`,
      `.read ${files}/inserts.sql`,
    ]),
  },
  {
    name: "python",
    about: "python3 -c 'print(6*7)'",
    unit: "ms",
    args: command(3, "/usr/bin/python3", () => ["-c", "print(6*7)"]),
  },
  {
    name: "cc1",
    about: "cc1 -O1, what gcc -O1 -S starts",
    unit: "ms",
    args: command(1, CC1, ({ files }) => [
      ...["-quiet", "-imultiarch", "riscv64-linux-gnu", "-march=rv64gc", "-mabi=lp64d"],
      ...["-O1", `${files}/sha256.c`, "-o", "-"],
    ]),
  },
  {
    name: "gcc",
    about: "gcc -O1 -c",
    unit: "ms",
    startsOthers: true,
    args: command(1, "/usr/bin/gcc", ({ files, scratch }) => [
      ...["-O1", "-c", `${files}/sha256.c`],
      ...["-o", `${scratch}/sha256.o`],
    ]),
  },
];

/** What `calls` said: its figure in the line's unit, and its result. Throws an Error where it said something else. */
export function figureOf({ unit, each = 1 }: Line, output: string): { figure: number; result: string } {
  const [, nanoseconds, amount, result] = /^(\d+) (\d+) (\d+)\n$/.exec(output.replaceAll("\r", "")) ?? [];
  if (result === undefined || Number(nanoseconds) === 0)
    throw new Error(`it printed ${JSON.stringify(output)}`);
  const perThing = Number(nanoseconds) / (Number(amount) * each);
  // A byte in a nanosecond is a thousand million bytes in a second.
  const figures: Record<Unit, number> = {
    µs: perThing / 1e3,
    ms: perThing / 1e6,
    "MB/s": 1e3 / perThing,
    "1/s": 1e9 / perThing,
  };
  return { figure: figures[unit], result };
}

/** Whether more of it is better. */
export const isSpeed = (unit: Unit): boolean => unit === "MB/s" || unit === "1/s";
