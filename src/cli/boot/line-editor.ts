import { displayWidth } from "../output.ts";

const ENTER = /[\r\n]/;
const ERASE = /[\b\x7f]/;
const CONTROL_C = "\x03";
const CONTROL_U = "\x15";
/** Keys such as arrows send sequences that begin with this. */
const ESCAPE = "\x1b";
/** What follows it, while more is to come: the beginning of CSI and SS3 sequences (ECMA-48). */
const UNFINISHED = /^(?:[[O][ -?]*)?$/;
const LONGEST_LINE = 1000;

/** A line that is being typed at a raw terminal, with as much of editing as a short command needs. */
export class LineEditor {
  private readonly show: (text: string) => void;
  private readonly decoder = new TextDecoder();
  private characters: string[] = [];
  /** What has come of an escape sequence, which is ignored, behind its first character. */
  private sequence: string | undefined;

  /** `show` puts text on the terminal. */
  constructor(show: (text: string) => void) {
    this.show = show;
  }

  /** Takes what was typed; returns the lines that it completes. */
  type(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (const character of this.decoder.decode(bytes, { stream: true })) {
      if (this.isInSequence(character)) continue;
      if (ENTER.test(character)) {
        this.show("\n");
        lines.push(this.characters.join(""));
        this.characters = [];
      } else if (ERASE.test(character)) this.erase(1);
      else if (character === CONTROL_U || character === CONTROL_C) this.erase(this.characters.length);
      else if (character >= " " && this.characters.length < LONGEST_LINE) {
        this.characters.push(character);
        this.show(character);
      }
    }
    return lines;
  }

  private isInSequence(character: string): boolean {
    if (this.sequence === undefined && character !== ESCAPE) return false;
    const sequence = this.sequence === undefined ? "" : this.sequence + character;
    this.sequence = UNFINISHED.test(sequence) ? sequence : undefined;
    return true;
  }

  private erase(count: number): void {
    for (const character of this.characters.splice(this.characters.length - count, count))
      this.show("\b \b".repeat(displayWidth(character)));
  }
}
