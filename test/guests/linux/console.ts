import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** An emulator at work, at whose console somebody reads and types. */
export class Console {
  /** Everything that was printed so far. */
  text = "";
  /** The process's exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #process: ChildProcessWithoutNullStreams;
  #read = 0;
  #notify: () => void = () => {};

  constructor([program = "", ...args]: readonly string[]) {
    this.#process = spawn(program, args);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.text += text;
        this.#notify();
      });
    // Typing into an emulator that has just ended is found by the next expectation.
    this.#process.stdin.on("error", () => {});
    this.ended = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code, signal) => {
        resolve(code ?? signal ?? 0);
        this.#notify();
      });
    });
  }

  /**
   * Waits until `what` is printed after what the last expectation found. Returns what was printed up to it.
   * @throws Error with the console's last lines when the emulator ends, or after `seconds`.
   */
  async expect(what: string, seconds = 280): Promise<string> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const at = this.text.indexOf(what, this.#read);
      if (at >= 0) {
        const before = this.text.slice(this.#read, at);
        this.#read = at + what.length;
        return before;
      }
      const running = this.#process.exitCode === null && this.#process.signalCode === null;
      if (!running || Date.now() >= end) {
        this.kill();
        throw new Error(
          `no ${JSON.stringify(what)}${running ? "" : ": it ended"}\n${this.text.slice(-2000)}`,
        );
      }
      await this.#change(end - Date.now());
    }
  }

  /** Types a line. */
  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Types a command, and returns what it printed before the shell's next prompt. */
  async run(command: string, seconds?: number): Promise<string> {
    // The mark is typed in two halves, so that the echo of the line does not count.
    this.type(`${command}; echo "do""ne=$?"`);
    const output = await this.expect("done=", seconds);
    const code = await this.expect("# ", seconds);
    if (!code.startsWith("0")) throw new Error(`${command} ended with ${code}\n${output}`);
    return output.slice(output.indexOf("\n") + 1).replaceAll("\r", "");
  }

  /** Ends the emulator as a power cut ends a computer. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#notify = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
