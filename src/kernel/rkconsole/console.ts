import { type Api, api } from "../library.ts";

/** One of the three streams that a guest starts with, as the platform gives it to the kernel. */
export interface ConsolePort {
  /** A person sits at it: it is a tty to the guest. The kernel's line discipline then does echo, editing and
   *  Ctrl-C, so the host's terminal is raw all the time. */
  readonly terminal: boolean;
  write(bytes: Uint8Array): void;
  /** Bytes that it takes now; absent: any number. */
  room?(): number;
  /** At most `max` bytes that have arrived. Empty: none yet. `undefined`: no more will come. */
  read(max: number): Uint8Array | undefined;
  /** Called when `read` may have something new to say. */
  onInput: () => void;
  /** Of the terminal, in characters. */
  readonly rows: number;
  readonly columns: number;
  onResize: () => void;
}

export interface Console {
  readonly input: ConsolePort;
  readonly output: ConsolePort;
  readonly error: ConsolePort;
}

export const consolePorts: Api<Console> = api("rkconsole");
