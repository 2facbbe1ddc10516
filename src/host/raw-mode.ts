import type { ReadStream as TerminalInput } from "node:tty";
import { rawTerminal } from "./process.ts";
import { ENDING, endBy } from "./signals.ts";

/**
 * Keeps a terminal raw in both directions until `leave`: Node's raw mode still turns each line feed that is written
 * into carriage return and line feed, which is the business of the guest's terminal, so `stty` (where there is one)
 * turns that off. Signals that end the process give it back first.
 */
export class RawMode {
  private readonly terminal: TerminalInput;
  private readonly leaveAtExit = () => this.leave();
  private readonly enter = () => this.enterRaw();
  private readonly endings = ENDING.map((name) => ({
    name,
    end: () => {
      this.leave();
      // Whoever else handles the signal ends the process when all is done.
      if (process.listenerCount(name) === 0) endBy(name);
    },
  }));

  constructor(terminal: TerminalInput) {
    this.terminal = terminal;
    this.enterRaw();
    process.on("exit", this.leaveAtExit);
    // After a stop from outside the shell has set the terminal as it likes it.
    process.on("SIGCONT", this.enter);
    for (const { name, end } of this.endings) process.on(name, end);
  }

  leave(): void {
    process.off("exit", this.leaveAtExit);
    process.off("SIGCONT", this.enter);
    for (const { name, end } of this.endings) process.off(name, end);
    rawTerminal.active = false;
    if (!this.terminal.destroyed) this.terminal.setRawMode(false);
  }

  private enterRaw(): void {
    this.terminal.setRawMode(true);
    try {
      const { execFileSync } = process.getBuiltinModule("node:child_process");
      execFileSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
      rawTerminal.active = true;
    } catch {
      // No stty: lines end with one carriage return more, which shows nowhere.
    }
  }
}
