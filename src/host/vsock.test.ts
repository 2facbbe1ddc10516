import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { VsockEvents, VsockStream } from "../devices/virtio/vsock-host.ts";
import { RefusedError } from "../messages/errors.ts";
import { VsockSockets } from "./vsock.ts";

/** The guest's end of a stream, which notes what the bridge does. */
class GuestEnd implements VsockStream {
  readonly guestPort: number;
  readonly hostPort: number;
  readonly calls: string[] = [];
  isRoom = true;
  events: VsockEvents | undefined;

  constructor(guestPort: number, hostPort: number) {
    this.guestPort = guestPort;
    this.hostPort = hostPort;
  }
  accept(): void {
    this.calls.push("accept");
  }
  write(bytes: Uint8Array): boolean {
    this.calls.push(`write ${new TextDecoder().decode(bytes)}`);
    return this.isRoom;
  }
  end(): void {
    this.calls.push("end");
  }
  destroy(): void {
    this.calls.push("destroy");
  }
  setReading(isReading: boolean): void {
    this.calls.push(`reading ${isReading}`);
  }
}

let folder: string;
let path: string;
let sockets: VsockSockets;
/** Streams that the bridge opened. */
let opened: GuestEnd[];
let hasGuest: boolean;
const servers: Server[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vsock-"));
  path = join(folder, "v");
  sockets = new VsockSockets(path);
  opened = [];
  hasGuest = true;
  await sockets.listen({
    open: (port, events) => {
      const end = new GuestEnd(port, 0x4000_0000);
      end.events = events;
      opened.push(end);
      return hasGuest ? end : undefined;
    },
  });
});

afterEach(async () => {
  await sockets.close();
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

async function say(words: string): Promise<Socket> {
  const client = createConnection(path);
  client.on("error", () => {});
  await once(client, "connect");
  client.write(words);
  return client;
}

test("a client is connected to the guest's port that it names", async () => {
  const client = await say("CONN");
  client.write("ECT 52\nhello");
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  const [guest] = opened;
  expect(guest.guestPort).toBe(52);
  guest.events?.connected();
  guest.events?.received(new TextEncoder().encode("hi"));
  const answer = text(client);
  client.end(" again");
  await vi.waitFor(() => expect(guest.calls.at(-1)).toBe("end"));
  expect(guest.calls).toEqual(["write hello", "write  again", "end"]);
  guest.events?.ended();
  guest.events?.closed("done");
  expect(await answer).toBe("OK 1073741824\nhi");
});

test("a client that goes away, or a guest that resets, ends the other", async () => {
  const first = await say("CONNECT 1\n");
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  opened[0].events?.connected();
  first.destroy();
  await vi.waitFor(() => expect(opened[0].calls).toContain("destroy"));
  const second = await say("CONNECT 1\n");
  await vi.waitFor(() => expect(opened).toHaveLength(2));
  opened[1].events?.closed("refused");
  second.resume();
  await once(second, "close");
});

test.each(["GET / HTTP/1.1\n", "CONNECT 4294967296\n", "CONNECT \n", "CONNECT -1\n", "x".repeat(100)])(
  "%j is no command",
  async (words) => {
    const client = await say(words);
    client.resume();
    await once(client, "close");
    expect(opened).toEqual([]);
  },
);

test("without a guest a client is sent away", async () => {
  hasGuest = false;
  const client = await say("CONNECT 1\n");
  client.resume();
  await once(client, "close");
});

test("what the guest connects to a port goes to the socket of that port", async () => {
  const server = createServer({ allowHalfOpen: true }).listen(`${path}_80`);
  servers.push(server);
  await once(server, "listening");
  const guest = new GuestEnd(5000, 80);
  const events = sockets.connect(guest);
  const [client] = (await once(server, "connection")) as [Socket];
  await vi.waitFor(() => expect(guest.calls).toEqual(["accept"]));
  let heard = "";
  client.on("data", (bytes) => {
    heard += bytes;
  });
  events.received(new TextEncoder().encode("question"));
  events.ended();
  await once(client, "end");
  expect(heard).toBe("question");
  guest.isRoom = false;
  client.write("one");
  await vi.waitFor(() => expect(guest.calls.at(-1)).toBe("write one"));
  client.end("two");
  await new Promise((resolve) => setImmediate(resolve));
  expect(guest.calls.at(-1)).toBe("write one");
  events.drained();
  if (!client.closed) await once(client, "close");
  await vi.waitFor(() => expect(guest.calls).toContain("end"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(guest.calls).toEqual(["accept", "write one", "write two", "end"]);
});

test("a socket that takes no more stops the guest until it does", async () => {
  const server = createServer().listen(`${path}_80`);
  servers.push(server);
  const guest = new GuestEnd(5000, 80);
  const events = sockets.connect(guest);
  const [client] = (await once(server, "connection")) as [Socket];
  client.pause();
  events.received(new Uint8Array(8 << 20));
  expect(guest.calls.at(-1)).toBe("reading false");
  client.resume();
  await vi.waitFor(() => expect(guest.calls.at(-1)).toBe("reading true"));
});

test("a port that nobody listens at is refused", async () => {
  const guest = new GuestEnd(5000, 81);
  sockets.connect(guest);
  await vi.waitFor(() => expect(guest.calls).toEqual(["destroy"]));
});

test("a path that cannot be made, or is taken, is refused in one line; closing gives it back", async () => {
  await expect(new VsockSockets(path).listen({ open: () => undefined })).rejects.toThrow(RefusedError);
  const nowhere = new VsockSockets(join(folder, "no", "v"));
  await expect(nowhere.listen({ open: () => undefined })).rejects.toThrow(
    /cannot listen on the socket .*no\/v/,
  );
  await sockets.close();
  expect(existsSync(path)).toBe(false);
});

test("a socket that a killed process left is taken over", async () => {
  const path = join(folder, "left");
  const leave = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", leave]);
  expect(statSync(path).isSocket()).toBe(true);
  const sockets = new VsockSockets(path);
  await sockets.listen({ open: () => undefined });
  const client = createConnection({ path });
  await once(client, "connect");
  client.destroy();
  await sockets.close();
});
