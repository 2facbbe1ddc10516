import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { gatewayAndGuest } from "../../src/net/gateway/gateway-fixture.ts";
import { address } from "../../src/net/network-fixture.ts";
import { tap } from "../../src/net/pcap.ts";

const CHECKED = ["ip", "tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);

/** Everything that both sides of a gateway send, as a capture. */
function conversation(largeFrames: boolean): Uint8Array {
  const pieces: Uint8Array[] = [];
  let nanoseconds = 0n;
  const watched = (port: Parameters<typeof tap>[0]) =>
    tap(
      port,
      (bytes) => pieces.push(bytes),
      () => {
        nanoseconds += 1000n;
        return nanoseconds;
      },
    );
  const { guest, call, host, time } = gatewayAndGuest({ largeFrames, watched });
  const from = { address: address("10.0.2.15"), port: 68 };
  const discover = new Uint8Array(300);
  discover.set([1, 1, 6]);
  discover.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255], 236);
  guest.udp.send(from, { address: 0xffffffff, port: 67 }, discover);
  guest.udp.send(
    { ...from, port: 4000 },
    { address: address("192.0.2.1"), port: 4000 },
    new Uint8Array(5001).fill(7),
  );
  host.udpReceivers[0](new Uint8Array(9000).fill(9), "192.0.2.1", 4000);
  const { connection } = call("192.0.2.1", 4001);
  host.calls[0].events.connected();
  connection.write(new Uint8Array(50_001).fill(1));
  host.calls[0].events.received(new Uint8Array(60_003).fill(2));
  time.pass(100);
  while (connection.readable > 0) connection.read(100_000);
  connection.end();
  host.calls[0].events.ended();
  time.pass(100);
  call("10.0.2.77", 1);
  return Buffer.concat(pieces);
}

it.each([false, true])("tshark has no complaint about our frames (large: %s)", (largeFrames) => {
  const folder = mkdtempSync(join(tmpdir(), "runikraft-net-"));
  try {
    const file = join(folder, "net.pcap");
    writeFileSync(file, conversation(largeFrames));
    const tshark = (filter: string) =>
      execFileSync("tshark", ["-r", file, ...CHECKED, "-Y", filter], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      })
        .trim()
        .split("\n")
        .filter(Boolean);
    const warning = 0x600000;
    expect(tshark(`_ws.expert.severity >= ${warning} && !(tcp.flags.reset == 1)`)).toEqual([]);
    expect(tshark("ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0")).toEqual(
      [],
    );
    expect(tshark("_ws.malformed || tcp.analysis.retransmission || tcp.analysis.lost_segment")).toEqual([]);
    expect(tshark("dhcp")).toHaveLength(2);
    expect(tshark("udp.length == 9008")).toHaveLength(1);
    expect(tshark("tcp.flags.fin == 1").length).toBeGreaterThanOrEqual(2);
    expect(tshark("tcp.len > 1460").length > 0).toBe(largeFrames);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
