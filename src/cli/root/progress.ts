import { isTerminal, printErr } from "../../host/process.ts";
import { say } from "../output.ts";

/** Says what goes on: in one line that changes where a person looks on, else one line for each step. */
export class Progress {
  private readonly terminal = isTerminal(2);
  private text = "";
  private shown = false;

  /** What is being done now. */
  step(text: string): void {
    this.text = text;
    if (this.terminal) this.show(text);
    else say(text);
  }

  /** How far it has got. */
  detail(detail: string): void {
    if (this.terminal) this.show(`${this.text} ${detail}`);
  }

  /** Something to remember. */
  note(text: string): void {
    this.end();
    say(text);
  }

  end(): void {
    if (this.shown) printErr("\r\x1b[K");
    this.shown = false;
  }

  private show(text: string): void {
    const columns = process.stderr.columns || 80;
    this.shown = true;
    printErr(`\r\x1b[Krunikraft: ${text.slice(0, columns - 12)}`);
  }
}
