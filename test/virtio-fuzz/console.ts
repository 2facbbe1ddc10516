import { ConsoleDevice } from "../../src/devices/virtio/console.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf, type Parts, type Request, type Target } from "./target.ts";

const PORTS = 3;
const [TO_DRIVER, FROM_DRIVER] = [2, 3];

function request(random: Random): Request {
  const queue = random.below(2 + 2 * PORTS);
  if (queue === FROM_DRIVER) {
    const message = [random.below(PORTS + 1), 0, 0, 0, random.below(9), 0, random.below(2), 0];
    return { queue, readable: [Uint8Array.from(message)], writable: [] };
  }
  if (queue === TO_DRIVER) return { queue, readable: [], writable: [1 + random.below(40)] };
  if (queue % 2 === 0) return { queue, readable: [], writable: [1 + random.below(200), 8] };
  return { queue, readable: [bytesOf(random, 1 + random.below(200))], writable: [] };
}

export function console({ work }: Parts): Target {
  const sent: Uint8Array[] = [];
  let calls = 0;
  const ports = Array.from({ length: PORTS }, (_, id) => ({
    name: `port-${id}`,
    isConsole: id === 0,
    /** Every third time the host is full for a moment, and sometimes the other end is gone. */
    send: (bytes: Uint8Array) => {
      sent[id] = bytes;
      calls++;
      if (calls % 3 !== 0) return undefined;
      return calls % 7 === 0 ? Promise.reject(new Error("closed")) : Promise.resolve();
    },
  }));
  const device = new ConsoleDevice(ports, work);
  for (const port of device.ports) port.onRoom = () => port.receive(new Uint8Array(20));
  return {
    device,
    request,
    poke(random) {
      const port = random.pick(device.ports);
      if (random.below(3) === 0) port.resize(random.below(0x1_0000), random.below(0x1_0000));
      else port.receive(new Uint8Array(random.below(1000)));
    },
    async works(driver, settle) {
      driver.request(1, Uint8Array.of(1, 2, 3));
      await settle();
      // The driver opens port 0.
      driver.request(FROM_DRIVER, Uint8Array.of(0, 0, 0, 0, 6, 0, 1, 0));
      driver.add(0, [], [100]);
      const taken = device.ports[0].receive(Uint8Array.of(4, 5));
      return sent[0].join() === "1,2,3" && taken === 2 && driver.collect(0)[0]?.bytes.join() === "4,5";
    },
  };
}
