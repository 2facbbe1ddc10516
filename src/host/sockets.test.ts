import { expect, it } from "vitest";
import { RefusedError } from "../messages/errors.ts";
import type { TcpEvents } from "../net/host-sockets.ts";
import { nodeSockets } from "./sockets.ts";

const LOOPBACK = "127.0.0.1";

/** Records what a socket tells, and lets a test wait for it. */
class Heard implements TcpEvents {
  readonly log: string[] = [];
  private waiting: { readonly word: string; readonly resolve: () => void }[] = [];

  heard(word: string): Promise<void> {
    return this.log.includes(word)
      ? Promise.resolve()
      : new Promise((resolve) => this.waiting.push({ word, resolve }));
  }

  connected = () => this.add("connected");
  received = (bytes: Uint8Array) => this.add(Buffer.from(bytes).toString());
  ended = () => this.add("ended");
  drained = () => this.add("drained");
  closed = (reason: string) => this.add(reason);

  private add(word: string): void {
    this.log.push(word);
    for (const { resolve } of this.waiting.filter((one) => one.word === word)) resolve();
  }
}

it("TCP: half-closes, resets and refusals are told apart", async () => {
  const [client, server] = [new Heard(), new Heard()];
  const listener = await nodeSockets.listenTcp(LOOPBACK, 0, (socket) => {
    socket.setReading(true);
    socket.write(Buffer.from("welcome"));
    return server;
  });
  const calling = nodeSockets.connectTcp(LOOPBACK, listener.port, client);
  expect(client.log).toEqual([]);
  await client.heard("welcome");
  calling.write(Buffer.from("bye"));
  calling.end();
  await server.heard("ended");
  expect(server.log).toEqual(["bye", "ended"]);
  expect(client.log).toEqual(["connected", "welcome"]);
  calling.destroy();
  await client.heard("done");

  const [second, other] = [new Heard(), server];
  const resetting = nodeSockets.connectTcp(LOOPBACK, listener.port, second);
  await second.heard("welcome");
  resetting.destroy();
  await other.heard("reset");
  listener.close();
  const third = new Heard();
  nodeSockets.connectTcp(LOOPBACK, listener.port, third);
  await third.heard("refused");
  expect(third.log).toEqual(["refused"]);
});

it("TCP: nothing is read while reading is off", async () => {
  const [client, server] = [new Heard(), new Heard()];
  let writer: ReturnType<typeof nodeSockets.connectTcp> | undefined;
  const listener = await nodeSockets.listenTcp(LOOPBACK, 0, (socket) => {
    writer = socket;
    socket.write(Buffer.from("held"));
    return server;
  });
  const calling = nodeSockets.connectTcp(LOOPBACK, listener.port, client);
  calling.setReading(false);
  await client.heard("connected");
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(client.log).toEqual(["connected"]);
  calling.setReading(true);
  await client.heard("held");
  calling.destroy();
  writer?.destroy();
  listener.close();
});

it("UDP: datagrams there and back", async () => {
  let answer: (bytes: Uint8Array, address: string, port: number) => void = () => {};
  const bound = await nodeSockets.bindUdp(LOOPBACK, 0, (...datagram) => answer(...datagram));
  answer = (bytes, address, port) => bound.send(bytes, address, port);
  const heard = await new Promise<string>((resolve) => {
    const open = nodeSockets.openUdp((bytes, address, port) => {
      open.close();
      open.send(bytes, address, port);
      resolve(`${Buffer.from(bytes)} ${address} ${port === bound.port}`);
    });
    open.send(Buffer.from("echo"), LOOPBACK, bound.port);
  });
  expect(heard).toBe("echo 127.0.0.1 true");
  bound.close();
  bound.close();
});

it("an address that the host does not have is refused in one line", async () => {
  const bad = "192.0.2.1";
  await expect(nodeSockets.listenTcp(bad, 1, () => new Heard())).rejects.toThrow(RefusedError);
  await expect(nodeSockets.bindUdp(bad, 1, () => {})).rejects.toThrow("cannot forward 192.0.2.1:1: ");
});
