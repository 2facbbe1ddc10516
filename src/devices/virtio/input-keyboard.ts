import { InputDevice } from "./input.ts";
import { EventType } from "./input-events.ts";
import { KEY_CODES, type Key } from "./input-keys.ts";
import { keysFor } from "./input-us-layout.ts";

/** REP_DELAY and REP_PERIOD: the guest repeats keys that are held. */
const REPEAT_CODES = [0, 1];
/** Num lock, caps lock, scroll lock. */
const LED_CODES = [0, 1, 2];

/** A keyboard. */
export class KeyboardDevice extends InputDevice {
  constructor() {
    super("virtio-keyboard", {
      name: "Runikraft keyboard",
      serial: "keyboard",
      ids: [0x06, 0x0627, 0x0001, 0x0001],
      codes: {
        [EventType.key]: Object.values(KEY_CODES),
        [EventType.rep]: REPEAT_CODES,
        [EventType.led]: LED_CODES,
      },
      axes: {},
    });
  }

  press(key: Key): void {
    this.report({ type: EventType.key, code: KEY_CODES[key], value: 1 });
  }

  release(key: Key): void {
    this.report({ type: EventType.key, code: KEY_CODES[key], value: 0 });
  }

  /**
   * Presses and releases what gives `text` on a US keyboard. Characters that it has no keys for are left out. A guest
   * that does not read its keyboard loses all but the last thousand characters.
   */
  typeText(text: string): void {
    for (const character of text) {
      const keys = keysFor(character);
      for (const key of keys) this.press(key);
      for (const key of keys.toReversed()) this.release(key);
    }
  }
}
