import { describe, expect, it } from "vitest";
import { address } from "../network-fixture.ts";
import { gatewayAndGuest, PlayedSocket } from "./gateway-fixture.ts";

const text = (words: string) => Buffer.from(words);

describe("TCP through the gateway", () => {
  it("opens once the host has, carries both ways and ends both halves", () => {
    const { time, host, call } = gatewayAndGuest();
    const { connection, log } = call("192.0.2.1", 80);
    expect(host.calls[0].remote).toEqual({ address: "192.0.2.1", port: 80 });
    expect(log).toEqual([]);
    host.calls[0].events.connected();
    expect(log).toEqual(["opened"]);
    connection.write(text("hello"));
    expect(host.calls[0].text).toBe("hello");
    connection.end();
    expect(host.calls[0].isEnded).toBe(true);
    host.calls[0].events.received(text("welcome"));
    host.calls[0].events.ended();
    expect(Buffer.from(connection.read(100)).toString()).toBe("welcome");
    time.pass(100);
    expect(log).toEqual(["opened", "readable", "readable", "done"]);
    host.calls[0].events.closed("done");
    expect(host.calls[0].isDestroyed).toBe(false);
  });

  it("refuses what the host refuses and what is not allowed", () => {
    const { host, call } = gatewayAndGuest({ allow: ["tcp:192.0.2.1:80"] });
    const refused = call("192.0.2.1", 80);
    host.calls[0].events.closed("refused");
    expect(refused.log).toEqual(["refused"]);
    for (const [to, port] of [
      ["192.0.2.1", 81],
      ["192.0.2.2", 80],
      ["10.0.2.2", 80],
      ["10.0.2.3", 53],
    ] as const)
      expect(call(to, port).log).toEqual(["refused"]);
    expect(host.calls).toHaveLength(1);
  });

  it("leads 10.0.2.2 to the host itself, and nothing to its other loopback addresses", () => {
    const { host, call } = gatewayAndGuest();
    call("10.0.2.2", 8000);
    expect(host.calls[0].remote).toEqual({ address: "127.0.0.1", port: 8000 });
    for (const to of ["127.0.0.1", "0.0.0.0", "224.0.0.1", "10.0.2.77", "255.255.255.255"]) call(to, 8000);
    expect(host.calls).toHaveLength(1);
  });

  it("closes the guest's window while the host takes nothing", () => {
    const { time, host, call } = gatewayAndGuest();
    const { connection } = call("192.0.2.1", 80);
    const [socket] = host.calls;
    socket.events.connected();
    socket.room = 1;
    const piece = new Uint8Array(100_000);
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      sent += connection.write(piece);
      time.pass(50);
    }
    expect(sent).toBeLessThan(2_000_000);
    expect(socket.writtenLength).toBeLessThanOrEqual(65_536);
    socket.room = Number.POSITIVE_INFINITY;
    socket.events.drained();
    time.pass(60_000);
    expect(socket.writtenLength).toBe(sent);
  });

  it("stops reading from the host while the guest reads nothing", () => {
    const { time, host, call } = gatewayAndGuest();
    const { connection } = call("192.0.2.1", 80);
    const [socket] = host.calls;
    socket.events.connected();
    let given = 0;
    while (socket.isReading) {
      given += 65_536;
      expect(given).toBeLessThan(4_000_000);
      socket.events.received(new Uint8Array(65_536));
    }
    let read = 0;
    for (let i = 0; i < 1000 && read < given; i++) {
      read += connection.read(10_000).length;
      time.pass(100);
    }
    expect(read).toBe(given);
    expect(socket.isReading).toBe(true);
  });

  it("passes resets on, both ways", () => {
    const { host, call } = gatewayAndGuest();
    const first = call("192.0.2.1", 80);
    host.calls[0].events.connected();
    first.connection.abort();
    expect(host.calls[0].isDestroyed).toBe(true);
    const second = call("192.0.2.1", 80);
    host.calls[1].events.connected();
    host.calls[1].events.closed("reset");
    expect(second.log).toEqual(["opened", "reset"]);
  });

  it("forwards a port of the host to the guest", async () => {
    const { host, gateway, guest, time } = gatewayAndGuest();
    const log: string[] = [];
    guest.tcp.onRequest = (connection) => {
      connection.handler = {
        opened: () => log.push("opened"),
        readable: () => {
          log.push(Buffer.from(connection.read(100)).toString());
          connection.write(text("answer"));
          connection.end();
        },
        writable: () => {},
        closed: (reason) => log.push(reason),
      };
      connection.accept();
    };
    await gateway.forward({ protocol: "tcp", hostAddress: "127.0.0.1", hostPort: 8080, guestPort: 80 });
    const socket = new PlayedSocket({ address: "127.0.0.1", port: 40_000 }, undefined as never);
    const events = host.accept?.(socket);
    expect([log, socket.isReading]).toEqual([["opened"], true]);
    events?.received(text("question"));
    events?.ended();
    time.pass(100);
    expect([socket.text, socket.isEnded]).toEqual(["answer", true]);
    expect(log[1]).toBe("question");
  });
});

describe("UDP through the gateway", () => {
  const from = { address: address("10.0.2.15"), port: 1000 };
  const send = (
    guest: ReturnType<typeof gatewayAndGuest>["guest"],
    to: string,
    port: number,
    words: string,
  ) => guest.udp.send(from, { address: address(to), port }, text(words));

  it("lets those answer that were written to, and nobody else", () => {
    const { host, guest } = gatewayAndGuest();
    const got: string[] = [];
    guest.udp.onDatagram = ({ bytes, source }) =>
      got.push(`${Buffer.from(bytes)} ${source.address.toString(16)}:${source.port}`);
    send(guest, "192.0.2.1", 7, "a");
    send(guest, "10.0.2.2", 8, "b");
    expect(host.datagrams).toEqual(["a to 192.0.2.1:7", "b to 127.0.0.1:8"]);
    const [receive] = host.udpReceivers;
    receive(text("one"), "192.0.2.1", 7);
    receive(text("two"), "127.0.0.1", 8);
    receive(text("three"), "192.0.2.1", 8);
    expect(got).toEqual(["one c0000201:7", "two a000202:8"]);
  });

  it("asks the next name server when a question is asked again", () => {
    const { host, guest } = gatewayAndGuest();
    for (const question of ["AAx", "BBx", "AAx", "AAx"]) send(guest, "10.0.2.3", 53, question);
    expect(host.datagrams.map((line) => line.split(" to ")[1])).toEqual([
      "9.9.9.9:53",
      "9.9.9.9:53",
      "8.8.8.8:5353",
      "9.9.9.9:53",
    ]);
  });

  it("keeps a bounded number of sockets, and none that is idle", () => {
    const { host, guest, time } = gatewayAndGuest();
    for (let port = 1; port <= 2000; port++)
      guest.udp.send({ ...from, port }, { address: address("192.0.2.1"), port: 7 }, text("x"));
    expect(host.openUdpSockets).toBe(256);
    time.pass(130_000);
    expect(host.openUdpSockets).toBe(0);
    expect(time.pending).toBe(0);
  });

  it("sends only where it is allowed", () => {
    const { host, guest } = gatewayAndGuest({ allow: ["udp:192.0.2.1:7"] });
    send(guest, "192.0.2.1", 8, "x");
    send(guest, "10.0.2.3", 53, "x");
    send(guest, "192.0.2.1", 7, "y");
    expect(host.datagrams).toEqual(["y to 192.0.2.1:7"]);
  });
});
