import { InputDevice } from "./input.ts";
import { EventType } from "./input-events.ts";

const AXIS_X = 0;
const AXIS_Y = 1;
const WHEEL = 8;
/** Positions go from 0 to this in both directions, whatever the screen's size. */
export const TABLET_MAX = 0x7fff;
const BUTTON_CODES = { left: 0x110, right: 0x111, middle: 0x112, side: 0x113, extra: 0x114 } as const;

export type TabletButton = keyof typeof BUTTON_CODES;

/** A pointer that says where it is, not how far it moved, with buttons and a wheel. */
export class TabletDevice extends InputDevice {
  constructor() {
    super("virtio-tablet", {
      name: "Runikraft tablet",
      serial: "tablet",
      ids: [0x06, 0x0627, 0x0003, 0x0002],
      codes: {
        [EventType.key]: Object.values(BUTTON_CODES),
        [EventType.rel]: [WHEEL],
        [EventType.abs]: [AXIS_X, AXIS_Y],
      },
      axes: { [AXIS_X]: [0, TABLET_MAX], [AXIS_Y]: [0, TABLET_MAX] },
    });
  }

  /** 0, 0 is the upper left corner and `TABLET_MAX` the other end; what lies beyond is brought to the edge. */
  moveTo(x: number, y: number): void {
    const position = (value: number) => Math.min(TABLET_MAX, Math.max(0, Math.round(value)));
    this.report(
      { type: EventType.abs, code: AXIS_X, value: position(x) },
      { type: EventType.abs, code: AXIS_Y, value: position(y) },
    );
  }

  button(button: TabletButton, isDown: boolean): void {
    this.report({ type: EventType.key, code: BUTTON_CODES[button], value: isDown ? 1 : 0 });
  }

  /** Notches of the wheel: positive is up, away from the user. */
  wheel(notches: number): void {
    this.report({ type: EventType.rel, code: WHEEL, value: Math.round(notches) });
  }
}
