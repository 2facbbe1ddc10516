/**
 * An archive in the format that Linux unpacks as its initramfs: cpio "newc"
 * (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).
 */

export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
      readonly kind: "character-device";
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const FILE_TYPE = { directory: 0o040000, file: 0o100000, link: 0o120000, "character-device": 0o020000 };

/** A folder has to come before what is in it. Everything belongs to root. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.map((entry, index) => record(index + 1, entry));
  parts.push(record(0, { kind: "file", path: "TRAILER!!!", content: new Uint8Array(), mode: 0 }));
  return Buffer.concat(parts);
}

function record(inode: number, entry: CpioEntry): Buffer {
  const content = contentOf(entry);
  const name = Buffer.from(`${entry.path}\0`);
  const permissions = entry.kind === "file" ? entry.mode : 0o755;
  const device = entry.kind === "character-device" ? [entry.major, entry.minor] : [0, 0];
  const fields = [
    ...[inode, FILE_TYPE[entry.kind] | permissions],
    ...[0, 0, 1, 0, content.length], // user, group, links, modification time, size
    ...[0, 0, ...device], // the device it lies on, the device it is
    ...[name.length, 0], // no checksum
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return padded(padded(Buffer.from(header), name), content);
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === "file") return entry.content;
  return entry.kind === "link" ? Buffer.from(entry.target) : new Uint8Array();
}

/** `start` and `rest`, filled up to a multiple of four bytes. */
function padded(start: Uint8Array, rest: Uint8Array): Buffer {
  const length = start.length + rest.length;
  return Buffer.concat([start, rest], (length + 3) & ~3);
}
