import type { Uart } from "../devices/uart.ts";
import type { ConsolePort } from "../devices/virtio/console-port.ts";
import { INPUT_KEPT } from "./machine-state.ts";
import { TextSearch } from "./text-search.ts";

/**
 * What a machine prints and is typed: its serial port and its virtio console as one. What is typed goes to the one that the
 * guest printed on last.
 */
export class MachineConsole {
  /** The guest has taken some of the input. */
  onTaken: () => void = () => {};
  private readonly output: (bytes: Uint8Array) => void;
  private readonly input: number[] = [];
  private usesVirtio = false;
  private search: TextSearch | undefined;

  constructor(output: (bytes: Uint8Array) => void) {
    this.output = output;
  }

  /** Bytes of input that there is room for: the guest has not taken all that was typed. */
  get room(): number {
    return INPUT_KEPT - this.input.length;
  }

  get hasInput(): boolean {
    return this.input.length > 0;
  }

  /** What exceeds `room` is lost. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes.subarray(0, this.room)) this.input.push(byte);
  }

  /** Gives the guest as much of the input as it has room for. */
  deliver(uart: Uart, port: ConsolePort | undefined): void {
    const { input } = this;
    const before = input.length;
    if (before === 0) return;
    if (this.usesVirtio) input.splice(0, port?.receive(Uint8Array.from(input)) ?? 0);
    else for (const byte of input.splice(0, uart.room)) uart.receive(byte);
    if (input.length < before) this.onTaken();
  }

  print(bytes: Uint8Array, isVirtio: boolean): void {
    this.usesVirtio = isVirtio;
    this.search?.add(bytes);
    this.output(bytes);
  }

  /** Looks for a text in what is printed from now on; undefined: for none. */
  lookFor(text: string | RegExp | undefined): void {
    this.search = text === undefined ? undefined : new TextSearch(text);
  }

  get hasFound(): boolean {
    return this.search?.found ?? false;
  }

  save(): { readonly input: Uint8Array; readonly usesVirtioConsole: boolean } {
    return { input: Uint8Array.from(this.input), usesVirtioConsole: this.usesVirtio };
  }

  restore(input: Uint8Array, usesVirtio: boolean): void {
    this.type(input);
    this.usesVirtio = usesVirtio;
  }
}
