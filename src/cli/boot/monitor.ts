import { SATP_SV39 } from "../../cpu/csr-state.ts";
import type { Hart } from "../../cpu/hart.ts";
import { Privilege } from "../../cpu/layout.ts";
import { GuestMemory } from "../../debug/guest-memory.ts";
import { viewDevices, viewHart, viewInterrupts, viewMemory } from "../../debug/machine-views.ts";
import { pageMap } from "../../debug/page-map.ts";
import { TIMEBASE } from "../../devices/clint.ts";
import type { TabletButton } from "../../devices/virtio/input-tablet.ts";
import { writeWholeFile } from "../../host/files.ts";
import { X_NAMES } from "../../isa/registers.ts";
import type { Machine } from "../../machine/machine.ts";
import { encodePng } from "../../machine/png.ts";
import { UsageError, UserError } from "../../messages/errors.ts";
import { monitorText } from "../../messages/monitor.ts";
import type { ConnectionEnds } from "../../net/gateway/relay.ts";
import { keysNamed } from "./key-names.ts";
import { addressText, memoryLines, parseFormat } from "./memory-text.ts";
import {
  connectionsText,
  devicesText,
  hartText,
  interruptsText,
  mappingsText,
  memoryText,
} from "./view-text.ts";

/** What the monitor has power over. */
export interface MonitorTarget {
  readonly machine: Machine;
  /** TCP connections through the network; undefined without one. */
  readonly connections: readonly ConnectionEnds[] | undefined;
  /** The machine does not run, because of `stop`. */
  readonly isStopped: boolean;
  stop(): void;
  cont(): void;
  /** Puts a saved machine in place of this one. Rejects with `RefusedError`. */
  load(file: string): Promise<void>;
  quit(): void;
}

type Command = (args: readonly string[]) => Promise<void> | void;

const BUTTONS: readonly (readonly [number, TabletButton])[] = [
  [1, "left"],
  [2, "middle"],
  [4, "right"],
];
const FRAMES_IN_MIB = 256;

/** The commands of the monitor, named as QEMU's, on a machine that is between two runs. */
export class Monitor {
  private readonly target: MonitorTarget;
  private readonly print: (text: string) => void;
  private hart = 0;
  private buttons = 0;

  constructor(target: MonitorTarget, print: (text: string) => void) {
    this.target = target;
    this.print = print;
  }

  /** Does what a line says. What goes wrong is printed. */
  async execute(line: string): Promise<void> {
    // A format may stand right behind its command, as in gdb: x/4i.
    const [name, ...args] = line
      .trim()
      .replace(/^(xp?)\//, "$1 /")
      .split(/\s+/);
    if (name === "") return;
    const command = Object.hasOwn(this.commands, name) ? this.commands[name] : undefined;
    try {
      if (!command) throw new UsageError(monitorText.unknownCommand(name));
      await command(args);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.say(error.message);
    }
  }

  private readonly commands: Readonly<Record<string, Command>> = {
    help: () => this.say(monitorText.help()),
    info: ([what = "", ...args]) => {
      const show = Object.hasOwn(this.infos, what) ? this.infos[what] : undefined;
      if (!show) throw new UsageError(monitorText.unknownInfo(what));
      return show(args);
    },
    cpu: ([text = ""]) => {
      this.hart = this.hartNamed(text).id;
    },
    x: (args) => this.examine("x", args),
    xp: (args) => this.examine("xp", args),
    screendump: ([file]) => this.screendump(file),
    sendkey: ([text]) => this.sendKey(text),
    mouse_move: ([x, y]) => this.moveMouse(x, y),
    mouse_button: ([state]) => this.setButtons(state),
    balloon: ([size]) => this.setBalloon(size),
    savevm: async ([file]) => {
      if (file === undefined) throw new UsageError(monitorText.usage("savevm FILE"));
      writeWholeFile(file, await this.machine.save());
      this.say(monitorText.saved(file));
    },
    loadvm: async ([file]) => {
      if (file === undefined) throw new UsageError(monitorText.usage("loadvm FILE"));
      await this.target.load(file);
      this.hart = 0;
      this.say(monitorText.loaded(file));
    },
    stop: () => this.target.stop(),
    cont: () => this.target.cont(),
    c: () => this.target.cont(),
    system_reset: () => this.machine.reset(),
    quit: () => this.target.quit(),
    q: () => this.target.quit(),
  };

  private readonly infos: Readonly<Record<string, Command>> = {
    registers: ([text]) => {
      const harts = text === undefined ? this.machine.board.harts : [this.hartNamed(text)];
      for (const hart of harts) this.print(hartText(viewHart(hart)));
    },
    mem: () => this.print(mappingsText(pageMap(this.current))),
    pages: () => this.print(memoryText(viewMemory(this.machine))),
    devices: () => this.print(devicesText(viewDevices(this.machine.board))),
    irq: () => this.print(interruptsText(viewInterrupts(this.machine.board))),
    network: () => {
      const { connections } = this.target;
      if (!connections) throw new UsageError(monitorText.noNetwork());
      this.print(connectionsText(connections));
    },
    status: () => {
      const { board } = this.machine;
      const state = this.target.isStopped ? monitorText.standing() : monitorText.running();
      const seconds = (Number(board.clock.ticks()) / TIMEBASE).toFixed(3);
      this.say(monitorText.status(state, board.harts.length, String(board.retired), seconds));
    },
  };

  private get machine(): Machine {
    return this.target.machine;
  }

  private get current(): Hart {
    return this.machine.board.harts[this.hart];
  }

  private say(text: string): void {
    this.print(`${text}\n`);
  }

  private hartNamed(text: string): Hart {
    const { harts } = this.machine.board;
    const hart = /^\d$/.test(text) ? harts[Number(text)] : undefined;
    if (!hart) throw new UsageError(monitorText.noHart(text, harts.length - 1));
    return hart;
  }

  private examine(name: "x" | "xp", args: readonly string[]): void {
    const [format, address] = args.length > 1 ? args : ["/", args[0]];
    if (address === undefined) throw new UsageError(monitorText.usage(`${name} /FMT ADDRESS`));
    const parsed = parseFormat(format);
    if (!parsed) throw new UsageError(monitorText.badFormat(format));
    const start = this.address(address);
    if (start === undefined) throw new UsageError(monitorText.badAddress(address));
    const { lines, end } = memoryLines(this.memory(name === "xp"), start, parsed);
    for (const line of lines) this.say(line);
    if (end !== undefined) this.say(monitorText.cannotRead(addressText(end)));
  }

  private memory(isPhysical: boolean): GuestMemory {
    const { csrs, privilege } = this.current;
    const isBare = isPhysical || csrs.satpMode !== SATP_SV39 || privilege === Privilege.machine;
    return new GuestMemory(this.machine.board.ram, () => (isBare ? undefined : csrs.satpRoot));
  }

  /** Of a number or a register; signed, as virtual addresses are here. */
  private address(text: string): number | undefined {
    const hart = this.current;
    if (text === "$pc") return Number(hart.pc);
    const register = text.startsWith("$") ? X_NAMES.indexOf(text.slice(1)) : -1;
    if (register >= 0) return hart.xn(register);
    return /^(0x[\da-f]{1,16}|\d{1,20})$/i.test(text) ? Number(BigInt.asIntN(64, BigInt(text))) : undefined;
  }

  private async screendump(file: string | undefined): Promise<void> {
    if (file === undefined) throw new UsageError(monitorText.usage("screendump FILE"));
    const { gpu } = this.machine.devices;
    if (!gpu) throw new UsageError(monitorText.noDevice("virtio-gpu"));
    const picture = gpu.screenshot();
    if (!picture) throw new UsageError(monitorText.noScreen());
    writeWholeFile(file, await encodePng(picture));
    this.say(monitorText.written(file));
  }

  private sendKey(text: string | undefined): void {
    const { keyboard } = this.machine.devices;
    if (text === undefined) throw new UsageError(monitorText.usage("sendkey KEYS"));
    if (!keyboard) throw new UsageError(monitorText.noDevice("virtio-keyboard"));
    const keys = keysNamed(text);
    if ("unknown" in keys) throw new UsageError(monitorText.unknownKey(keys.unknown));
    for (const key of keys) keyboard.press(key);
    for (const key of keys.toReversed()) keyboard.release(key);
  }

  private moveMouse(x: string | undefined, y: string | undefined): void {
    const { tablet } = this.machine.devices;
    if (!isNumber(x) || !isNumber(y)) throw new UsageError(monitorText.usage("mouse_move X Y"));
    if (!tablet) throw new UsageError(monitorText.noDevice("virtio-tablet"));
    tablet.moveTo(Number(x), Number(y));
  }

  private setButtons(state: string | undefined): void {
    const { tablet } = this.machine.devices;
    if (!isNumber(state)) throw new UsageError(monitorText.usage("mouse_button STATE"));
    if (!tablet) throw new UsageError(monitorText.noDevice("virtio-tablet"));
    for (const [bit, button] of BUTTONS)
      if (((this.buttons ^ Number(state)) & bit) !== 0) tablet.button(button, (Number(state) & bit) !== 0);
    this.buttons = Number(state);
  }

  private setBalloon(text: string | undefined): void {
    const { board, devices } = this.machine;
    if (text === undefined) throw new UsageError(monitorText.usage("balloon MIB"));
    if (!devices.balloon) throw new UsageError(monitorText.noDevice("virtio-balloon"));
    const most = board.ram.size / 2 ** 20;
    if (!isNumber(text) || Number(text) < 1 || Number(text) > most)
      throw new UsageError(monitorText.badBalloon(text, Math.floor(most)));
    devices.balloon.target = Math.round((most - Number(text)) * FRAMES_IN_MIB);
  }
}

const isNumber = (text: string | undefined): text is string => /^\d{1,6}$/.test(text ?? "");
