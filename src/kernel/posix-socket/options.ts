import { fail } from "../vfs/error.ts";
import type { Socket } from "./socket.ts";

export const SOL_SOCKET = 1;

/** Options of SOL_SOCKET (asm-generic/socket.h). */
const SO = {
  TYPE: 3,
  ERROR: 4,
  SNDBUF: 7,
  RCVBUF: 8,
  LINGER: 13,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  ACCEPTCONN: 30,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PROTOCOL: 38,
  DOMAIN: 39,
} as const;

/** Switches that are kept and read back: debug, address and port reuse, routing, broadcast, keep-alive, out of band. */
const SWITCHES = new Set([1, 2, 5, 6, 9, 10, 15, 29, 35, 63]);
/** Numbers that are kept: priority, mark, busy polling. */
const NUMBERS = new Set([12, 36, 46]);

/** As Linux starts with and allows (net.core.wmem_default, wmem_max, SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF). */
const DEFAULT_BUFFER = 212_992;
const SMALLEST_SEND_BUFFER = 4608;
const SMALLEST_RECEIVE_BUFFER = 2304;

/** What SOL_SOCKET keeps of every socket. */
export class SocketOptions {
  /** Bytes that may be under way, bookkeeping included. */
  sendBuffer = DEFAULT_BUFFER;
  receiveBuffer = DEFAULT_BUFFER;
  /** Nanoseconds; undefined waits for ever. */
  sendTimeout: number | undefined;
  receiveTimeout: number | undefined;
  /** Wants the senders' credentials. */
  passCredentials = false;
  readonly linger = new Int32Array(2);
  readonly kept = new Map<number, number>();
}

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function timeval(nanoseconds: number | undefined): Uint8Array {
  const microseconds = BigInt(Math.floor((nanoseconds ?? 0) / 1000));
  return new Uint8Array(new BigInt64Array([microseconds / 1_000_000n, microseconds % 1_000_000n]).buffer);
}

export function getSocketOption(socket: Socket, level: number, name: number): Uint8Array {
  const { options } = socket;
  if (level !== SOL_SOCKET) return socket.getOption(level, name);
  switch (name) {
    case SO.TYPE:
      return int(socket.type);
    case SO.DOMAIN:
      return int(socket.domain);
    case SO.PROTOCOL:
      return int(socket.protocol);
    case SO.ERROR:
      return int(socket.takeError());
    case SO.ACCEPTCONN:
      return int(Number(socket.listening));
    case SO.SNDBUF:
      return int(options.sendBuffer);
    case SO.RCVBUF:
      return int(options.receiveBuffer);
    case SO.PASSCRED:
      return int(Number(options.passCredentials));
    case SO.PEERCRED: {
      const { pid, uid, gid } = socket.peerCredentials;
      return new Uint8Array(Int32Array.of(pid, uid, gid).buffer);
    }
    case SO.RCVLOWAT:
    case SO.SNDLOWAT:
      return int(1);
    case SO.RCVTIMEO:
      return timeval(options.receiveTimeout);
    case SO.SNDTIMEO:
      return timeval(options.sendTimeout);
    case SO.LINGER:
      return new Uint8Array(options.linger.slice().buffer);
  }
  if (SWITCHES.has(name) || NUMBERS.has(name)) return int(options.kept.get(name) ?? 0);
  return socket.getOption(level, name);
}

export function setSocketOption(socket: Socket, level: number, name: number, value: Uint8Array): void {
  const { options } = socket;
  if (level !== SOL_SOCKET) {
    socket.setOption(level, name, value);
    return;
  }
  if (value.length < 4) fail("EINVAL");
  const view = new DataView(value.buffer, value.byteOffset);
  const number = view.getInt32(0, true);
  switch (name) {
    case SO.SNDBUF:
    case SO.SNDBUFFORCE:
      options.sendBuffer = bufferSize(number, SMALLEST_SEND_BUFFER);
      return;
    case SO.RCVBUF:
    case SO.RCVBUFFORCE:
      options.receiveBuffer = bufferSize(number, SMALLEST_RECEIVE_BUFFER);
      return;
    case SO.PASSCRED:
      options.passCredentials = number !== 0;
      return;
    case SO.RCVTIMEO:
      options.receiveTimeout = readTimeval(view);
      return;
    case SO.SNDTIMEO:
      options.sendTimeout = readTimeval(view);
      return;
    case SO.RCVLOWAT:
      return;
    case SO.LINGER:
      if (value.length < 8) fail("EINVAL");
      options.linger.set([Number(number !== 0), view.getInt32(4, true)]);
      return;
  }
  if (SWITCHES.has(name)) options.kept.set(name, Number(number !== 0));
  else if (NUMBERS.has(name)) options.kept.set(name, number);
  else socket.setOption(level, name, value);
}

/** Linux counts its bookkeeping too: the size asked for is doubled (socket(7)). */
function bufferSize(asked: number, least: number): number {
  return Math.max(least, Math.min(asked >>> 0, DEFAULT_BUFFER) * 2);
}

/** `struct timeval`; 0 is no limit, and less than that no wait. */
function readTimeval(view: DataView): number | undefined {
  if (view.byteLength < 16) fail("EINVAL");
  const seconds = Number(view.getBigInt64(0, true));
  const microseconds = Number(view.getBigInt64(8, true));
  if (microseconds < 0 || microseconds >= 1e6) fail("EDOM");
  const nanoseconds = seconds * 1e9 + microseconds * 1e3;
  return nanoseconds === 0 ? undefined : Math.max(0, Math.min(nanoseconds, 2 ** 53));
}
