import type { StandardConsole } from "../../host/console.ts";
import { type EndingSignal, onEndingSignal } from "../../host/signals.ts";
import type { Machine } from "../../machine/machine.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { say } from "../output.ts";
import { EscapeKeys, type KeyAction } from "./escape-keys.ts";

/** How a session ended. */
export type SessionEnd =
  /** The guest switched the machine off. */
  | { readonly reason: "off"; readonly exitCode: number }
  /** Every hart waits for ever; as many instructions were run as may be; the user left. */
  | { readonly reason: "idle" | "limit" | "left" }
  | { readonly reason: "signal"; readonly signal: EndingSignal };

/** Input is fetched again when the machine has room for this much. */
const REFILL = 4096;

/** A machine that runs with this process's standard streams as its console, until something ends that. */
export class Session {
  private readonly machine: Machine;
  private readonly console: StandardConsole;
  /** Somebody beside the one who types may wake the machine. */
  private readonly isConnected: boolean;
  private readonly keys = new EscapeKeys();
  private inputEnded = false;
  private end: SessionEnd | undefined;

  constructor(machine: Machine, console: StandardConsole, isConnected: boolean) {
    this.machine = machine;
    this.console = console;
    this.isConnected = isConnected;
  }

  /** At most `instructions` are run, of all harts together. */
  async run(instructions = Number.POSITIVE_INFINITY): Promise<SessionEnd> {
    const undo = onEndingSignal((signal) => this.leave({ reason: "signal", signal }));
    try {
      this.connect();
      for (let left = instructions; ; ) {
        if (this.end) return this.end;
        const { board } = this.machine;
        const before = board.retired;
        const end = await this.machine.run({ instructions: left });
        left -= board.retired - before;
        if (end.reason === "off" || end.reason === "idle") return end;
        if (end.reason === "instructions") return { reason: "limit" };
      }
    } finally {
      undo();
    }
  }

  private leave(end: SessionEnd): void {
    this.end ??= end;
    this.machine.stop();
  }

  private connect(): void {
    const { machine, console } = this;
    machine.attended = true;
    machine.onInputTaken = () => this.fetch();
    console.input.onInput = () => this.fetch();
    console.onResize = () => this.resize();
    this.resize();
    this.fetch();
  }

  /** The guest is told how large the terminal is that it prints on. */
  private resize(): void {
    const { machine, console } = this;
    if (!console.output.terminal) return;
    const { columns, rows } = console.size();
    machine.devices.console.ports[0].resize(columns, rows);
  }

  /** A person's keys are all looked at, so that they reach us whatever the guest does; the rest waits for the guest. */
  private fetch(): void {
    const { machine, console } = this;
    if (this.inputEnded) return;
    for (;;) {
      const room = machine.inputRoom;
      if (!console.input.terminal && room < REFILL) return;
      const bytes = console.input.read(console.input.terminal ? REFILL : room);
      if (bytes === undefined) {
        this.endInput();
        return;
      }
      if (bytes.length === 0) return;
      if (console.input.terminal) this.typed(bytes);
      else machine.type(bytes);
    }
  }

  private endInput(): void {
    this.inputEnded = true;
    this.machine.attended = this.isConnected;
    // A machine that waits has to look whether anybody may still come.
    this.machine.stop();
  }

  private typed(bytes: Uint8Array): void {
    for (const part of this.keys.sort(bytes)) {
      if (typeof part === "string") this.act(part);
      else this.machine.type(part);
    }
  }

  private act(action: KeyAction): void {
    if (action === "leave") this.leave({ reason: "left" });
    else say(bootCliText.keys());
  }
}
