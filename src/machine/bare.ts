import { Htif } from "../devices/htif.ts";
import { parseElf, readSymbols } from "../loader/elf.ts";
import type { Image } from "../loader/image.ts";
import { type Symbols, symbolAddress } from "../loader/symbols.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { RefusedError } from "../messages/errors.ts";
import { hex } from "../messages/hex.ts";
import { machineMessages } from "../messages/machine.ts";
import { Board, type BoardOptions } from "./board.ts";

/** Why `BareMachine.run` returned: the guest reported an exit code through HTIF, or as `BoardState`. */
export type BareState = { readonly exitCode: number } | "limit" | "waiting";

const A0 = 10;
const A1 = 11;

/**
 * A board that starts a bare ELF in M-mode with no firmware below it: segments at their physical addresses, pc at
 * the entry, a0 the hart's number, a1 zero. An image with the symbol `tohost` has a host-target interface.
 */
export class BareMachine {
  readonly board: Board;
  private readonly htif: Htif | undefined;

  private constructor(board: Board, htif: Htif | undefined) {
    this.board = board;
    this.htif = htif;
  }

  /** `name` is what messages call the image. Rejects with `RefusedError` where it is broken or does not fit. */
  static async load(bytes: Uint8Array, name: string, options: BoardOptions): Promise<BareMachine> {
    const image = await parseElf(bytes, name, { bare: true });
    const symbols = await readSymbols(bytes, name);
    const board = new Board(options);
    loadSegments(board.ram, image);
    board.hart.pc = BigInt(image.entry);
    board.hart.setXn(A0, board.hart.id);
    board.hart.setXn(A1, 0);
    const tohost = hostWord(board.ram, symbols, "tohost");
    const fromhost = hostWord(board.ram, symbols, "fromhost");
    const htif = tohost === undefined ? undefined : new Htif(board.ram, { tohost, fromhost }, options.print);
    return new BareMachine(board, htif);
  }

  /** Runs `instructions` instructions at most. */
  run(instructions: number): BareState {
    let exitCode: number | undefined;
    const state = this.board.run(instructions, () => {
      exitCode = this.htif?.poll();
      return exitCode !== undefined;
    });
    return exitCode === undefined ? state : { exitCode };
  }
}

function loadSegments(ram: PhysicalMemory, image: Image): void {
  const range = (from: number, size: number) => `${hex(from)}-${hex(from + size)}`;
  for (const { index, address, bytes, memorySize } of image.segments) {
    if (!ram.contains(address) || !ram.contains(address + memorySize - 1))
      throw new RefusedError(
        machineMessages.segmentOutsideRam(
          image.name,
          index,
          range(address, memorySize),
          range(ram.base, ram.size),
        ),
      );
    ram.write(address, bytes);
  }
}

/** The address of a symbol that names an aligned word of RAM. */
function hostWord(ram: PhysicalMemory, symbols: Symbols, name: string): number | undefined {
  const address = symbolAddress(symbols, name);
  return address !== undefined && address % 8 === 0 && ram.contains(address) ? address : undefined;
}
