import { createHash, randomBytes } from "node:crypto";
import type { Computer } from "../../test/guests/linux/emulators.ts";
import { freePort, serve } from "../../test/guests/linux/web-server.ts";
import { checkSum, secondsOf } from "./guest.ts";
import type { Part } from "./parts.ts";

const BYTES = 100_000_000;
/** The host's own address, as both emulators' networks have it. */
const HOST = "10.0.2.2";

/** A download from an HTTP server of this process, through the network that the emulator makes up. */
export async function networkPart(kernel: Computer): Promise<Part & { close(): void }> {
  const content = randomBytes(BYTES);
  const sum = createHash("md5").update(content).digest("hex");
  const server = await serve(content);
  const address = `http://${HOST}:${server.port}/`;
  return {
    name: "network",
    computer: { ...kernel, webPort: await freePort() },
    figures: [{ name: "wget from an HTTP server on the host", unit: "MB/s" }],
    async measure(guest, _, isFirst) {
      await guest.run("ifconfig eth0 up && udhcpc -q -n -i eth0 -s /etc/udhcpc.script");
      if (isFirst) await checkSum(guest, `wget -q -O - ${address}`, sum);
      return [BYTES / 1e6 / (await secondsOf(guest, `wget -q -O /dev/null ${address}`))];
    },
    close: () => server.close(),
  };
}
