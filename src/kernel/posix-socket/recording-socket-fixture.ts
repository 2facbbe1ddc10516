import type { Kernel } from "../kernel.ts";
import { type TestKernel, testKernel } from "../kernel-fixture.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import type { errno } from "../syscalls/errno.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { type AddressFamily, socketFamilies } from "./families.ts";
import { type Received, type SendOptions, Socket } from "./socket.ts";

/** The number of the recording family: AF_AX25, which Linux has and nobody here. */
export const FAMILY = 3;

/** A socket that does nothing but to tell what it was asked, and to answer as a test says. */
export class RecordingSocket extends Socket {
  /** What it was asked, one line each. */
  readonly calls: string[] = [];
  private readonly queue = new WaitQueue();
  local = Uint8Array.of(FAMILY, 0, 1, 2, 3, 4);
  peer: Uint8Array | undefined = undefined;
  listening = false;
  /** What `receive` gives, one after the other; with none left it is EAGAIN. */
  readonly arrived: Received[] = [];
  /** Bytes that `send` takes until it is EAGAIN. */
  room = Number.POSITIVE_INFINITY;
  /** What was sent, piece by piece. */
  readonly sent: { readonly text: string; readonly options: SendOptions }[] = [];
  readonly connections: RecordingSocket[] = [];
  /** What the next operations but `send` and `receive` throw. */
  failWith: keyof typeof errno | undefined = undefined;
  error = 0;

  constructor(type: number, protocol: number, flags: number) {
    super(eventPlace("[recording]", 0n), flags, FAMILY, type, protocol);
  }

  override get waiters(): WaitQueue {
    return this.queue;
  }
  get localAddress(): Uint8Array {
    return this.local;
  }
  get peerAddress(): Uint8Array {
    return this.peer ?? fail("ENOTCONN");
  }
  bind(address: Uint8Array): void {
    this.asked(`bind ${address}`);
  }
  connect(address: Uint8Array): void {
    this.asked(`connect ${address}`);
  }
  listen(backlog: number): void {
    this.asked(`listen ${backlog}`);
    this.listening = true;
  }
  accept(flags: number): Socket {
    this.asked(`accept ${flags}`);
    return this.connections.shift() ?? fail("EAGAIN");
  }
  send(bytes: Uint8Array, options: SendOptions): number {
    if (this.failWith) fail(this.failWith);
    if (this.room === 0) fail("EAGAIN");
    const count = Math.min(bytes.length, this.room);
    this.room -= count;
    this.sent.push({ text: Buffer.from(bytes.subarray(0, count)).toString(), options });
    return count;
  }
  receive(most: number, flags: number): Received {
    this.asked(`receive ${most} ${flags}`);
    const next = this.arrived.shift() ?? fail("EAGAIN");
    return { ...next, bytes: next.bytes.subarray(0, most) };
  }
  shutdown(receiving: boolean, sending: boolean): void {
    this.asked(`shutdown${receiving ? " receiving" : ""}${sending ? " sending" : ""}`);
  }
  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /** Something arrives, and who waits is told. */
  deliver(text: string, rest: Partial<Received> = {}): void {
    const bytes = Buffer.from(text);
    this.arrived.push({ bytes, length: bytes.length, ...rest });
    this.waiters.wake();
  }

  private asked(what: string): void {
    this.calls.push(what);
    if (this.failWith) fail(this.failWith);
  }
}

/** The family, and the sockets that it has made. */
export class RecordingFamily implements AddressFamily {
  readonly number = FAMILY;
  readonly made: RecordingSocket[] = [];

  create(type: number, protocol: number, flags: number): RecordingSocket {
    if (type > 5) fail("ESOCKTNOSUPPORT");
    if (protocol > 200) fail("EPROTONOSUPPORT");
    const socket = new RecordingSocket(type, protocol, flags);
    this.made.push(socket);
    return socket;
  }

  get last(): RecordingSocket {
    return this.made.at(-1) as RecordingSocket;
  }
}

/** A kernel with the family beside the usual ones. */
export async function recordingKernel(): Promise<{ kernel: TestKernel; family: RecordingFamily }> {
  const family = new RecordingFamily();
  const library = {
    name: "recording-family",
    summary: () => "",
    provides: [],
    needs: [socketFamilies],
    start: (kernel: Kernel) => kernel.use(socketFamilies).add(family),
  };
  return { kernel: await testKernel({ libraries: [library] }), family };
}
