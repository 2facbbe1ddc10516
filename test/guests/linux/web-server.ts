import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a guest fetches from the host, and the host from the guest. */

export interface WebServer {
  readonly port: number;
  close(): void;
}

/** An HTTP server of this host that answers everything with `content`. */
export async function serve(content: Uint8Array): Promise<WebServer> {
  const server = createServer((_, response) => response.end(content));
  const port = await listen(server);
  return { port, close: () => server.close() };
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
