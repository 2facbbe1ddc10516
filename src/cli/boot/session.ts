import { printErr } from "../../host/process.ts";
import { type EndingSignal, onEndingSignal } from "../../host/signals.ts";
import type { HostConsole } from "../../machine/host-console.ts";
import type { Machine } from "../../machine/machine.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { monitorText } from "../../messages/monitor.ts";
import type { ConnectionEnds } from "../../net/gateway/relay.ts";
import { say } from "../output.ts";
import { EscapeKeys, type KeyAction } from "./escape-keys.ts";
import { LineEditor } from "./line-editor.ts";
import { Monitor, type MonitorTarget } from "./monitor.ts";

/** How a session ended. */
export type SessionEnd =
  /** The guest switched the machine off. */
  | { readonly reason: "off"; readonly exitCode: number }
  /** Every hart waits for ever; as many instructions were run as may be; the user left. */
  | { readonly reason: "idle" | "limit" | "left" }
  | { readonly reason: "signal"; readonly signal: EndingSignal };

/** Input is fetched again when the machine has room for this much. */
const REFILL = 4096;
const PROMPT = "(runikraft) ";

/** What a session needs of the machine's surroundings. */
export interface SessionSetup {
  /** Somebody beside the one who types may wake the machine. */
  readonly isConnected: boolean;
  /** TCP connections through the network; undefined without one. */
  readonly connections: readonly ConnectionEnds[] | undefined;
  /** A saved machine, connected in place of the one that there is. Rejects with `RefusedError`. */
  load(file: string): Promise<Machine>;
}

/** A machine that runs with this process's standard streams as its console, until something ends that. */
export class Session implements MonitorTarget {
  machine: Machine;
  isStopped = false;
  private readonly console: HostConsole;
  private readonly setup: SessionSetup;
  private readonly keys = new EscapeKeys();
  private readonly editor = new LineEditor(printErr);
  private readonly monitor = new Monitor(this, printErr);
  /** What is typed is for the monitor. */
  private inMonitor = false;
  /** Lines for the monitor, done between two runs. */
  private readonly lines: string[] = [];
  private inputEnded = false;
  private end: SessionEnd | undefined;
  private wake = () => {};

  constructor(machine: Machine, console: HostConsole, setup: SessionSetup) {
    this.machine = machine;
    this.console = console;
    this.setup = setup;
  }

  /** At most `instructions` are run, of all harts together. */
  async run(instructions = Number.POSITIVE_INFINITY): Promise<SessionEnd> {
    const undo = onEndingSignal((signal) => this.leave({ reason: "signal", signal }));
    this.console.input.onInput = () => this.fetch();
    this.console.onResize = () => this.resize();
    try {
      this.attach();
      for (let left = instructions; ; ) {
        await this.obey();
        if (this.end) return this.end;
        if (this.isStopped) {
          await this.standStill();
          continue;
        }
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

  get connections(): readonly ConnectionEnds[] | undefined {
    return this.setup.connections;
  }

  stop(): void {
    this.isStopped = true;
  }

  cont(): void {
    this.isStopped = false;
  }

  quit(): void {
    this.leave({ reason: "left" });
  }

  async load(file: string): Promise<void> {
    this.machine = await this.setup.load(file);
    this.attach();
  }

  private leave(end: SessionEnd): void {
    this.end ??= end;
    this.interrupt();
  }

  /** The run that is going on, or the standing still, is over soon. */
  private interrupt(): void {
    this.machine.stop();
    this.wake();
  }

  private attach(): void {
    this.machine.attended = !this.inputEnded || this.setup.isConnected;
    this.machine.onInputTaken = () => this.fetch();
    this.resize();
    this.fetch();
  }

  /** Does what the monitor was told. */
  private async obey(): Promise<void> {
    for (let line = this.lines.shift(); line !== undefined && !this.end; line = this.lines.shift()) {
      await this.monitor.execute(line);
      if (this.inMonitor && !this.end) printErr(PROMPT);
    }
  }

  /** The machine's time stands still, too. */
  private async standStill(): Promise<void> {
    const { clock } = this.machine.board;
    const ticks = clock.ticks();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = () => {};
    clock.set(ticks);
  }

  /** The guest is told how large the terminal is that it prints on. */
  private resize(): void {
    const { machine, console } = this;
    if (!console.output.terminal) return;
    const { columns, rows } = console.size();
    machine.devices.console?.ports[0].resize(columns, rows);
  }

  /** A person's keys are all looked at, so that they reach us whatever the guest does; the rest waits for the guest. */
  private fetch(): void {
    const { console } = this;
    while (!this.inputEnded) {
      const room = this.machine.inputRoom;
      if (!console.input.terminal && room < REFILL) return;
      const bytes = console.input.read(console.input.terminal ? REFILL : room);
      if (bytes === undefined) this.endInput();
      else if (bytes.length === 0) return;
      else if (console.input.terminal) this.typed(bytes);
      else this.machine.type(bytes);
    }
  }

  private endInput(): void {
    this.inputEnded = true;
    this.machine.attended = this.setup.isConnected;
    // A machine that waits has to look whether anybody may still come.
    this.interrupt();
  }

  private typed(bytes: Uint8Array): void {
    for (const part of this.keys.sort(bytes)) {
      if (typeof part === "string") this.act(part);
      else if (!this.inMonitor) this.machine.type(part);
      else {
        this.lines.push(...this.editor.type(part));
        if (this.lines.length > 0) this.interrupt();
      }
    }
  }

  private act(action: KeyAction): void {
    if (action === "leave") this.quit();
    else if (action === "help") say(bootCliText.keys());
    else {
      this.inMonitor = !this.inMonitor;
      printErr(`\n${this.inMonitor ? monitorText.welcome() : monitorText.back()}\n`);
      if (this.inMonitor) printErr(PROMPT);
    }
  }
}
