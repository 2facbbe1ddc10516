import type { SysconEvent } from "../devices/syscon.ts";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { placeSections } from "../isa/assembler/place.ts";
import { Board } from "./board.ts";
import { type BootFile, placeBootFiles } from "./boot-images.ts";
import type { VirtualClock } from "./clock.ts";
import { makeDeviceTree } from "./device-tree.ts";

/** SBI extensions by their EIDs. */
export const EID = {
  base: 0x10,
  time: 0x54494d45,
  ipi: 0x735049,
  rfence: 0x52464e43,
  hsm: 0x48534d,
  srst: 0x53525354,
  dbcn: 0x4442434e,
} as const;

const KERNEL = 0x8020_0000n;
const [A0, A1, A2] = [10, 11, 12];
/** Ends a run that hangs. */
const MOST_INSTRUCTIONS = 20_000_000;

/** Loads an argument: a number, or the address of a label. */
const argument = (value: number | bigint | string, register: number) =>
  `${typeof value === "string" ? "la" : "li"} a${register}, ${value}`;

/** Makes an SBI call; the result is in a0 and a1. */
export function call(eid: number, fid: number, ...args: readonly (number | bigint | string)[]): string {
  return [...args.map(argument), `li a6, ${fid}`, `li a7, ${eid}`, "ecall", ""].join("\n");
}

/** Keeps registers for `Run.records`. */
export const record = (...registers: readonly string[]): string =>
  registers.map((register) => `sd ${register}, 0(s11)\n addi s11, s11, 8\n`).join("");

/** Makes a call and keeps what it returns. */
export const recorded = (...call_: Parameters<typeof call>): string => call(...call_) + record("a0", "a1");

/** A kernel that starts on hart 0 with `body` and ends there by shutting down; `more` is code and data beside it. */
const kernel = (body: string, more: string) => `
_start:  la s11, records
         la sp, stack_top
${body}
finish:  ${call(EID.srst, 0, 0, 0)}
never:   j never
${more}
         .bss
         .balign 4096
records: .space 4096
stack:   .space 8192
stack_top:
`;

export interface Run {
  /** The words that the kernel kept, signed. */
  readonly records: readonly bigint[];
  readonly printed: string;
  readonly power: SysconEvent | undefined;
  readonly board: Board;
  /** Addresses of the kernel's labels. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

export interface RunOptions {
  readonly harts?: number;
  readonly bios?: "builtin" | BootFile;
  /** What is typed before the start. */
  readonly input?: string;
}

/** Runs a kernel on the firmware until it switches off, in virtual time. */
export async function runKernel(body: string, more = "", options: RunOptions = {}): Promise<Run> {
  const { harts = 1, bios = "builtin", input = "" } = options;
  let printed = "";
  let power: SysconEvent | undefined;
  const board = new Board({
    ram: 16 << 20,
    harts,
    print: (bytes) => {
      printed += new TextDecoder().decode(bytes);
    },
    onPower: (event) => {
      power = event;
    },
  });
  const assembled = assemble(kernel(body, more));
  const { symbols } = placeSections(assembled, { base: KERNEL });
  const file = { name: "kernel", bytes: linkElf(assembled, { base: KERNEL }) };
  const machine = { harts, ramBytes: board.ram.size, rngSeed: new Uint8Array(32) };
  const entry = await placeBootFiles(board.ram, { bios, kernel: file }, (chosen) =>
    makeDeviceTree({ ...machine, ...chosen }),
  );
  for (const hart of board.harts) {
    hart.pc = BigInt(entry.pc);
    hart.setXn(A0, hart.id);
    hart.setXn(A1, entry.deviceTree);
    hart.setXn(A2, entry.dynamicInfo);
  }
  const typed = [...new TextEncoder().encode(input)];
  for (let left = MOST_INSTRUCTIONS; left > 0 && !power; left -= board.spent) {
    // Not before the firmware has set up the UART.
    if (printed.includes("?")) for (const byte of typed.splice(0, board.uart.room)) board.uart.receive(byte);
    if (board.run(left) === "ran") continue;
    if (board.ticksToEvent === undefined) break;
    (board.clock as VirtualClock).skip(board.ticksToEvent);
  }
  const start = Number(symbols.get("records"));
  const end = Number(board.harts[0].x(27));
  const count = end > start && end <= start + 4096 ? (end - start) / 8 : 0;
  const records = Array.from({ length: count }, (_, i) =>
    BigInt.asIntN(64, board.ram.readU64(start + i * 8)),
  );
  return { records, printed, power, board, symbols };
}
