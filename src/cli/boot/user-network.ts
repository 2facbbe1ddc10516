import { openForBytes } from "../../host/files.ts";
import { nodeHost } from "../../host/node.ts";
import { OutputClosed } from "../../host/process.ts";
import { nodeSockets } from "../../host/sockets.ts";
import { nodeTimers } from "../../host/timers.ts";
import { RefusedError } from "../../messages/errors.ts";
import { cable, type EthernetPort } from "../../net/cable.ts";
import type { Allow } from "../../net/gateway/allow.ts";
import { Gateway } from "../../net/gateway/gateway.ts";
import type { HostForward } from "../../net/gateway/host-forward.ts";
import type { ConnectionEnds } from "../../net/gateway/relay.ts";
import { tap } from "../../net/pcap.ts";
import { say } from "../output.ts";

export interface UserNetworkOptions {
  readonly allow: Allow;
  readonly forwards: readonly HostForward[];
  /** File that gets what goes through the machine's cable. */
  readonly capture: string | undefined;
}

/** The network of `--net user`: a gateway, and one machine after the other at its cable. */
export class UserNetwork {
  private readonly gateway: Gateway;
  private readonly socket: EthernetPort;
  private readonly closeCapture: () => void;

  /** Rejects with `RefusedError` where a port cannot be forwarded or the capture cannot be written. */
  static async open({ allow, forwards, capture }: UserNetworkOptions): Promise<UserNetwork> {
    const file = capture === undefined ? undefined : openForBytes(capture);
    const network = new UserNetwork(allow, file);
    try {
      for (const forward of forwards) await network.gateway.forward(forward);
    } catch (error) {
      // The ports that are already listened to would keep this process.
      network.close();
      throw error;
    }
    return network;
  }

  private constructor(allow: Allow, capture: ReturnType<typeof openForBytes> | undefined) {
    const [port, socket] = cable();
    this.socket = capture
      ? tap(
          socket,
          untilRefused((bytes) => capture.write(bytes)),
          nodeHost.now,
        )
      : socket;
    this.closeCapture = () => capture?.close();
    this.gateway = new Gateway({
      port,
      sockets: nodeSockets,
      timers: nodeTimers,
      random: nodeHost.entropy,
      allow,
      largeFrames: true,
    });
  }

  /** A cable for a new machine. It leads to the gateway, in place of the last machine's, once `plug` is called. */
  cable(): { readonly port: EthernetPort; readonly plug: () => void } {
    const [port, end] = cable();
    const { socket } = this;
    const plug = () => {
      end.onFrame = (frame) => socket.send(frame);
      end.onRoom = () => socket.hasRoom();
      socket.onFrame = (frame) => end.send(frame);
      socket.onRoom = () => end.hasRoom();
    };
    return { port, plug };
  }

  get connections(): readonly ConnectionEnds[] {
    return this.gateway.connections;
  }

  close(): void {
    this.gateway.close();
    this.closeCapture();
  }
}

/** A capture ends where its file takes no more; the machine goes on. */
function untilRefused(write: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let hasEnded = false;
  return (bytes) => {
    if (hasEnded) return;
    try {
      write(bytes);
    } catch (error) {
      hasEnded = true;
      if (error instanceof RefusedError) say(error.message);
      else if (!(error instanceof OutputClosed)) throw error;
    }
  };
}
