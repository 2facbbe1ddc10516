import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { applications } from "../applications.ts";
import { root } from "../toolchain.ts";

const SECONDS = 30;

/** An application in a terminal of the host: `script` (util-linux) makes a pseudoterminal that its input is typed into. */
export class Terminal {
  private readonly process: ChildProcessWithoutNullStreams;
  private shown = "";
  private changed = () => {};
  readonly exit: Promise<number>;

  constructor(args: readonly string[], options: readonly string[] = []) {
    const words = ["run", "--root", applications, ...options, ...args];
    const command = [process.execPath, join(root, "dist/cli.js"), ...words];
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    this.process = spawn("script", ["-qec", `stty rows 24 cols 80; exec ${quoted}`, "/dev/null"]);
    this.process.stdout.on("data", (bytes: Buffer) => {
      this.shown += bytes.toString("latin1");
      this.changed();
    });
    this.exit = new Promise((resolve) => this.process.on("close", (code) => resolve(code ?? -1)));
  }

  type(text: string): void {
    this.process.stdin.write(text);
  }

  /** What was shown up to where `pattern` ends, which is then forgotten. */
  async shows(pattern: RegExp): Promise<string> {
    const end = Date.now() + SECONDS * 1000;
    for (;;) {
      const found = pattern.exec(this.shown);
      if (found) {
        const text = this.shown.slice(0, found.index + found[0].length);
        this.shown = this.shown.slice(text.length);
        return text;
      }
      const left = end - Date.now();
      if (left <= 0)
        throw new Error(`the terminal does not show ${pattern}, but ${JSON.stringify(this.shown)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Makes the terminal's window of another size, as a user does: `stty` sets one number after the other, the rows last. */
  resize(rows: number, columns: number): void {
    const { pid } = this.process;
    const [inner] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    const terminal = readlinkSync(`/proc/${inner}/fd/0`);
    execFileSync("stty", ["-F", terminal, "cols", `${columns}`, "rows", `${rows}`]);
  }

  /** Ends it, if it has not ended. */
  close(): void {
    this.process.kill("SIGKILL");
  }
}
