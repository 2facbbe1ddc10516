import { describe, expect, it } from "vitest";
import { formatIpv4 } from "../address.ts";
import { getU32, putU32 } from "../bytes.ts";
import { putMac } from "../ethernet.ts";
import { address } from "../network-fixture.ts";
import { DhcpServer } from "./dhcp.ts";

const [DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 5, 6, 7, 8];

function message(type: number, mac: number, options: number[] = [], current = 0): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  putU32(bytes, 12, current);
  putMac(bytes, 28, mac);
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...options, 255], 236);
  return bytes;
}

const wanted = (last: number) => [50, 4, 10, 0, 2, last];
const facts = (reply: ReturnType<DhcpServer["reply"]>) => {
  if (reply === undefined) return undefined;
  const { bytes, to } = reply;
  return `${bytes[242]} ${formatIpv4(getU32(bytes, 16))} to ${formatIpv4(to.address)}:${to.port}`;
};

describe("the DHCP server", () => {
  it("offers and confirms 10.0.2.15 with all that a guest needs", () => {
    const server = new DhcpServer();
    expect(facts(server.reply(message(DISCOVER, 7)))).toBe(`${OFFER} 10.0.2.15 to 255.255.255.255:68`);
    const ack = server.reply(message(REQUEST, 7, wanted(15)));
    expect(facts(ack)).toBe(`${ACK} 10.0.2.15 to 255.255.255.255:68`);
    const bytes = ack?.bytes ?? new Uint8Array();
    expect([bytes[0], getU32(bytes, 4)]).toEqual([2, 0xdeadbeef]);
    // Server, netmask, router, name server, a day.
    const hex = Buffer.from(bytes.subarray(243)).toString("hex");
    expect(hex).toMatch(/^36040a0002020104ffffff0003040a00020206040a000203330400015180ff0/);
  });

  it("renews by unicast, and informs who has an address already without giving one", () => {
    const server = new DhcpServer();
    server.reply(message(DISCOVER, 7));
    expect(facts(server.reply(message(REQUEST, 7, [], address("10.0.2.15"))))).toBe(
      `${ACK} 10.0.2.15 to 10.0.2.15:68`,
    );
    expect(facts(server.reply(message(INFORM, 9, [], address("10.0.2.50"))))).toBe(
      `${ACK} 0.0.0.0 to 10.0.2.50:68`,
    );
    expect(facts(server.reply(message(DISCOVER, 9)))).toContain("10.0.2.16");
  });

  it("refuses another address than the lease's", () => {
    const server = new DhcpServer();
    expect(facts(server.reply(message(REQUEST, 7, wanted(99))))).toBe(`${NAK} 0.0.0.0 to 255.255.255.255:68`);
  });

  it("is silent to what is meant for another server, or is no request", () => {
    const server = new DhcpServer();
    expect(server.reply(message(REQUEST, 7, [54, 4, 10, 0, 2, 9]))).toBeUndefined();
    const reply = message(DISCOVER, 7);
    reply[0] = 2;
    expect(server.reply(reply)).toBeUndefined();
    expect(server.reply(message(DISCOVER, 7).subarray(0, 239))).toBeUndefined();
    expect(server.reply(message(99, 7))).toBeUndefined();
  });

  it("gives a released address away, keeps others by MAC address, and has 16", () => {
    const server = new DhcpServer();
    for (let mac = 1; mac <= 16; mac++)
      expect(facts(server.reply(message(DISCOVER, mac)))).toContain(`10.0.2.${14 + mac} `);
    server.reply(message(RELEASE, 3));
    expect(facts(server.reply(message(DISCOVER, 100)))).toContain("10.0.2.17 ");
    expect(facts(server.reply(message(DISCOVER, 5)))).toContain("10.0.2.19 ");
    for (let mac = 1000; mac < 2000; mac++)
      expect(facts(server.reply(message(DISCOVER, mac)))).toContain("10.0.2.30 ");
  });
});
