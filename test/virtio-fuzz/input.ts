import { KeyboardDevice } from "../../src/devices/virtio/input-keyboard.ts";
import { KEY_CODES, type Key } from "../../src/devices/virtio/input-keys.ts";
import { TabletDevice } from "../../src/devices/virtio/input-tablet.ts";
import type { Random } from "../differential/random.ts";
import type { Request, Target } from "./target.ts";

const [EVENT_QUEUE, STATUS_QUEUE] = [0, 1];
const KEYS = Object.keys(KEY_CODES) as Key[];

function request(random: Random): Request {
  if (random.below(4) !== 0)
    return { queue: EVENT_QUEUE, readable: [], writable: [random.pick([8, 8, 8, 16, 7])] };
  const event = Uint8Array.of(
    random.pick([0x11, 0x11, 0, 0x14]),
    0,
    random.below(5),
    0,
    random.below(2),
    0,
    0,
    0,
  );
  return { queue: STATUS_QUEUE, readable: [event], writable: [] };
}

/** The bytes of one event. */
const works =
  (device: KeyboardDevice | TabletDevice, expected: string, act: () => void): Target["works"] =>
  (driver) => {
    driver.request(STATUS_QUEUE, Uint8Array.of(0x11, 0, 1, 0, 1, 0, 0, 0));
    driver.add(EVENT_QUEUE, [], [8]);
    driver.notify(EVENT_QUEUE);
    act();
    return device.leds === 2 && driver.collect(EVENT_QUEUE)[0]?.bytes.join() === expected;
  };

export function keyboard(): Target {
  const device = new KeyboardDevice();
  return {
    device,
    request,
    poke(random) {
      if (random.below(16) === 0) device.restore(device.save());
      if (random.below(64) === 0) device.typeText("Hello, world!\n".repeat(100));
      device.press(random.pick(KEYS));
      device.release(random.pick(KEYS));
    },
    works: works(device, "1,0,30,0,1,0,0,0", () => device.press("a")),
  };
}

export function tablet(): Target {
  const device = new TabletDevice();
  return {
    device,
    request,
    poke(random) {
      if (random.below(16) === 0) device.restore(device.save());
      device.moveTo(random.word(), random.word());
      device.button("left", random.below(2) === 0);
      device.wheel(random.below(3) - 1);
    },
    works: works(device, "2,0,8,0,255,255,255,255", () => device.wheel(-1)),
  };
}
