/** What a person may ask of us at a terminal that otherwise belongs to the guest. */
export type KeyAction = "leave" | "monitor" | "help";

const CONTROL_A = 1;
const ACTIONS: Readonly<Record<string, KeyAction>> = { x: "leave", c: "monitor", h: "help", "?": "help" };

/**
 * Finds the keys that are for us in what is typed, as QEMU has them: Ctrl-A and a letter. Ctrl-A twice, or with `a`, is
 * one Ctrl-A for the guest; with any other key nothing.
 */
export class EscapeKeys {
  private isEscaped = false;

  /** What was typed, in order: bytes for the guest, and actions. */
  sort(typed: Uint8Array): (Uint8Array | KeyAction)[] {
    const found: (Uint8Array | KeyAction)[] = [];
    let start = 0;
    const bytesUpTo = (end: number) => {
      if (end > start) found.push(typed.subarray(start, end));
    };
    typed.forEach((byte, i) => {
      if (this.isEscaped) {
        this.isEscaped = false;
        const isControlA = byte === CONTROL_A || byte === 0x61;
        start = i + 1;
        const action = ACTIONS[String.fromCharCode(byte)];
        if (isControlA) found.push(Uint8Array.of(CONTROL_A));
        else if (action) found.push(action);
      } else if (byte === CONTROL_A) {
        bytesUpTo(i);
        start = i + 1;
        this.isEscaped = true;
      }
    });
    bytesUpTo(typed.length);
    return found;
  }
}
