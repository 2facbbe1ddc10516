/** A node as `readFdt` finds it: raw values. */
export interface ReadNode {
  readonly name: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: ReadNode[];
}

const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

/** For tests: reads a flattened device tree strictly; throws where it is not as the specification wants it. */
export function readFdt(file: Uint8Array): ReadNode {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const cell = (at: number) => view.getUint32(at);
  const must = (condition: boolean, what: string) => {
    if (!condition) throw new Error(`device tree: ${what}`);
  };
  const [magic, size, structure, strings, reservations, version, compatible, , stringsSize, structureSize] =
    Array.from({ length: 10 }, (_, i) => cell(i * 4));
  must(magic === 0xd00dfeed && version === 17 && compatible === 16, "magic or version");
  must(size === file.length, "total size");
  must(reservations % 8 === 0 && structure % 4 === 0, "alignment of blocks");
  must(structure + structureSize <= strings && strings + stringsSize <= size, "blocks out of order");
  let at = structure;

  const string = (from: number): Uint8Array => {
    const end = file.indexOf(0, from);
    must(end >= from, "a string without end");
    return file.subarray(from, end);
  };
  // What stands between is not said: libfdt leaves what was there.
  const pad = () => {
    at = Math.ceil(at / 4) * 4;
  };

  const node = (): ReadNode => {
    must(cell(at) === 1, `no node at ${at}`);
    const name = string(at + 4);
    at += 4 + name.length + 1;
    pad();
    const found: ReadNode = { name: text(name), properties: new Map(), children: [] };
    while (cell(at) === 3) {
      const length = cell(at + 4);
      const property = text(string(strings + cell(at + 8)));
      must(!found.properties.has(property), `${property} twice`);
      found.properties.set(property, file.slice(at + 12, at + 12 + length));
      at += 12 + length;
      pad();
    }
    while (cell(at) === 1) found.children.push(node());
    must(cell(at) === 2, `no end of a node at ${at}`);
    at += 4;
    return found;
  };

  const root = node();
  must(cell(at) === 9 && at + 4 === structure + structureSize, "end of the structure block");
  return root;
}

/** Big-endian 32-bit cells. */
export function cellsOf(value: Uint8Array): number[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(i * 4));
}

/** NUL-terminated texts. */
export function textsOf(value: Uint8Array): string[] {
  return text(value).split("\0").slice(0, -1);
}

/** Every node by its path, parents first. */
export function nodesByPath(root: ReadNode): Map<string, ReadNode> {
  const paths = new Map<string, ReadNode>();
  const walk = (node: ReadNode, path: string) => {
    paths.set(path || "/", node);
    for (const child of node.children) walk(child, `${path}/${child.name}`);
  };
  walk(root, "");
  return paths;
}
