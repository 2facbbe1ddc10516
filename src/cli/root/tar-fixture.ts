/** Tar archives for tests. Names are byte strings. */

export interface FixtureMember {
  readonly path: string;
  /** The letter of the header: a file's unless given. */
  readonly type?: string;
  readonly content?: string;
  readonly target?: string;
  readonly mode?: number;
  readonly mtime?: number;
  /** ustar's prefix. */
  readonly prefix?: string;
}

const BLOCK = 512;

export function tarOf(...members: FixtureMember[]): Buffer {
  return Buffer.concat([...members.flatMap(blocks), Buffer.alloc(2 * BLOCK)]);
}

function blocks(member: FixtureMember): Buffer[] {
  const { path, target = "" } = member;
  const long = [...longName("L", path), ...longName("K", target)];
  const content = Buffer.from(member.content ?? "", "latin1");
  return [...long, header(member, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
}

function longName(type: string, name: string): Buffer[] {
  return name.length <= 100 ? [] : blocks({ path: "././@LongLink", type, content: `${name}\0` });
}

function header(member: FixtureMember, size: number): Buffer {
  const { path, type = "0", target = "", mode = 0o644, mtime = 0, prefix } = member;
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  block.write(path.slice(0, 100), 0, "latin1");
  block.write(octal(mode, 8), 100);
  block.write(octal(size, 12), 124);
  block.write(octal(mtime, 12), 136);
  block.write(type, 156);
  block.write(target.slice(0, 100), 157, "latin1");
  block.write(prefix === undefined ? "ustar  \0" : "ustar\x0000", 257);
  if (prefix !== undefined) block.write(prefix, 345);
  block.fill(" ", 148, 156);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
