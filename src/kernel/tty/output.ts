import type { Termios } from "../vfs/structs.ts";
import { Iflag, Oflag } from "./termios.ts";

const LF = 10;
const CR = 13;
const TAB = 9;
const BACKSPACE = 8;

/** Output processing (OPOST, termios(3)), and the column that the cursor is in. */
export class OutputProcessor {
  column = 0;
  private utf8 = true;

  /** What goes to the terminal for `bytes`. */
  process(bytes: Uint8Array, { oflag, iflag }: Termios): Uint8Array {
    this.utf8 = (iflag & Iflag.IUTF8) !== 0;
    if (!(oflag & Oflag.OPOST)) {
      for (const byte of bytes) this.track(byte);
      return bytes;
    }
    const out: number[] = [];
    for (const byte of bytes) this.one(byte, oflag, out);
    return Uint8Array.from(out);
  }

  private one(byte: number, oflag: number, out: number[]): void {
    if (byte === LF && oflag & Oflag.ONLCR) {
      out.push(CR, LF);
      this.column = 0;
    } else if (byte === CR && oflag & Oflag.OCRNL) {
      out.push(LF);
      if (oflag & Oflag.ONLRET) this.column = 0;
    } else if (byte === CR && oflag & Oflag.ONOCR && this.column === 0) {
      // No carriage return in the first column.
    } else if (byte === TAB && (oflag & Oflag.XTABS) === Oflag.XTABS) {
      const spaces = 8 - (this.column % 8);
      for (let i = 0; i < spaces; i++) out.push(32);
      this.column += spaces;
    } else {
      out.push(byte);
      this.track(byte);
      if (byte === LF && oflag & Oflag.ONLRET) this.column = 0;
    }
  }

  private track(byte: number): void {
    if (byte === CR) this.column = 0;
    else if (byte === BACKSPACE) this.column = Math.max(0, this.column - 1);
    else if (byte === TAB) this.column += 8 - (this.column % 8);
    else if (byte >= 32 && byte !== 127 && !(this.utf8 && (byte & 0xc0) === 0x80)) this.column++;
  }
}
