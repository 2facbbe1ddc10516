import { HEADER_SIZE, MessageReader, MessageWriter, Type } from "./message.ts";
import type { Session } from "./session.ts";

/** One message: `fields` puts its body together. */
export function requestOf(type: number, tag: number, fields: (body: MessageWriter) => unknown): Uint8Array {
  const message = new MessageWriter(HEADER_SIZE);
  fields(message);
  return message.header(type, tag, 0).result.slice();
}

/** Sends a request, with room for an answer of that many bytes. */
export type Exchange = (request: Uint8Array, room: number) => Promise<Uint8Array>;

export const exchangeWith =
  (session: Session): Exchange =>
  async (request, room) => {
    const parts = await session.handle(request, room);
    return Uint8Array.from(parts.flatMap((part) => [...part]));
  };

export interface Entry {
  readonly name: string;
  readonly type: number;
  readonly offset: bigint;
}

/** A driver's side. Operations give their answer or the number of the error. */
export class Client {
  private readonly exchange: Exchange;
  private readonly room: number;

  /** `room`: for an answer, where a request does not say. */
  constructor(exchange: Exchange, room = 65536) {
    this.exchange = exchange;
    this.room = room;
  }

  /** A version is agreed on and fid 0 is the root. */
  async begin(msize = 65536): Promise<void> {
    const version = (await this.ask(Type.version, (m) => m.u32(msize).string("9P2000.L"))) as MessageReader;
    if (version.u32() !== msize || version.string() !== "9P2000.L") throw new Error("version");
    await this.ask(Type.attach, (m) => m.u32(0).u32(0xffff_ffff).string("root").string("").u32(0));
  }

  async ask(
    type: number,
    fields: (body: MessageWriter) => unknown,
    room = this.room,
  ): Promise<MessageReader | number> {
    const answer = await this.exchange(requestOf(type, 5, fields), room);
    const view = new DataView(answer.buffer, answer.byteOffset);
    if (view.getUint32(0, true) !== answer.length || answer.length > room) throw new Error("wrong size");
    if (view.getUint16(5, true) !== 5) throw new Error("wrong tag");
    if (answer[4] === Type.lerror + 1) return view.getUint32(HEADER_SIZE, true);
    if (answer[4] !== type + 1) throw new Error(`an answer of type ${answer[4]}`);
    return new MessageReader(answer);
  }

  /** The number of an error, 0 for none. */
  async errorOf(type: number, fields: (body: MessageWriter) => unknown): Promise<number> {
    const answer = await this.ask(type, fields);
    return typeof answer === "number" ? answer : 0;
  }

  /** How many names were found. */
  async walk(from: number, to: number, ...names: string[]): Promise<number | string> {
    const answer = await this.ask(Type.walk, (m) => {
      m.u32(from).u32(to).u16(names.length);
      for (const name of names) m.string(name);
    });
    return typeof answer === "number" ? `errno ${answer}` : answer.u16();
  }

  open(fid: number, flags = 0): Promise<number> {
    return this.errorOf(Type.lopen, (m) => m.u32(fid).u32(flags));
  }

  create(fid: number, name: string, flags = 2, mode = 0o644): Promise<number> {
    return this.errorOf(Type.lcreate, (m) => m.u32(fid).string(name).u32(flags).u32(mode).u32(0));
  }

  async read(fid: number, offset: number, count: number): Promise<string | number> {
    const answer = await this.ask(Type.read, (m) => m.u32(fid).u64(BigInt(offset)).u32(count));
    return typeof answer === "number" ? answer : new TextDecoder().decode(answer.data(answer.u32()));
  }

  async write(fid: number, offset: number, text: string): Promise<string | number> {
    const answer = await this.ask(Type.write, (m) => {
      m.u32(fid).u64(BigInt(offset)).u32(text.length);
      for (const character of text) m.u8(character.charCodeAt(0));
    });
    return typeof answer === "number" ? `errno ${answer}` : answer.u32();
  }

  async entries(fid: number, offset: bigint, count: number): Promise<Entry[] | number> {
    const answer = await this.ask(Type.readdir, (m) => m.u32(fid).u64(offset).u32(count));
    if (typeof answer === "number") return answer;
    const entries: Entry[] = [];
    for (let left = answer.u32(); left > 0; ) {
      answer.data(13);
      const [next, type, name] = [answer.u64(), answer.u8(), answer.string()];
      left -= 24 + name.length;
      entries.push({ name, type, offset: next });
    }
    return entries;
  }

  async attributes(
    fid: number,
  ): Promise<{ mode: number; size: number; nlink: number; path: bigint } | number> {
    const answer = await this.ask(Type.getattr, (m) => m.u32(fid).u64(0x7ffn));
    if (typeof answer === "number") return answer;
    answer.data(8 + 1 + 4);
    const path = answer.u64();
    const mode = answer.u32();
    answer.data(8);
    const nlink = Number(answer.u64());
    answer.u64();
    return { mode, size: Number(answer.u64()), nlink, path };
  }

  /** `change`: the fields of Tsetattr behind `valid`. */
  setAttributes(
    fid: number,
    valid: number,
    change: { mode?: number; size?: number; mtime?: number } = {},
  ): Promise<number> {
    return this.errorOf(Type.setattr, (m) =>
      m
        .u32(fid)
        .u32(valid)
        .u32(change.mode ?? 0)
        .u32(0)
        .u32(0)
        .u64(BigInt(change.size ?? 0))
        .u64(0n)
        .u64(0n)
        .u64(BigInt(change.mtime ?? 0))
        .u64(7n),
    );
  }

  clunk(fid: number): Promise<number> {
    return this.errorOf(Type.clunk, (m) => m.u32(fid));
  }
}
