/** Standard input, output and error as the host gives them to a machine. */
export interface HostConsole {
  readonly input: HostInput;
  readonly output: HostOutput;
  readonly error: HostOutput;
  /** Of the terminal, in characters. */
  size(): { readonly rows: number; readonly columns: number };
  /** Set by the machine: to be called when the terminal's size has changed. */
  onResize: () => void;
}

export interface HostInput {
  /** A person sits at it; the host's terminal is then raw, and the guest's line discipline does echo and editing. */
  readonly terminal: boolean;
  /** At most `max` bytes that have arrived. Empty: none yet. `undefined`: no more will come. */
  read(max: number): Uint8Array | undefined;
  /** Set by the machine: to be called when `read` may have something new to say. */
  onInput: () => void;
}

export interface HostOutput {
  readonly terminal: boolean;
  /** Takes the bytes at once: they may be changed afterwards. */
  write(bytes: Uint8Array): void;
}
