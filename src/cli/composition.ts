import { loadOwnLibrary, readComposition } from "../host/composition.ts";
import { compositionOf, parseRunikraftfile } from "../machine/composition/runikraftfile.ts";
import { cliText } from "../messages/cli.ts";
import { UsageError } from "../messages/errors.ts";
import type { GuestOptions } from "./guest.ts";

/** A run that a Runikraftfile describes: what the command line would say. */
export interface ComposedRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: GuestOptions & { readonly maxInstructions?: number };
}

/**
 * Reads a Runikraftfile and loads the libraries of the user's own that it names. Options of the command line go before what it
 * says; arguments stand in place of its own. Rejects with `RefusedError`.
 */
export async function readRun(
  path: string,
  given: readonly string[],
  options: ComposedRun["options"],
): Promise<ComposedRun> {
  const source = readComposition(path);
  const file = parseRunikraftfile(source.text, source.name);
  const { linked, files } = compositionOf(file, source.name);
  const own = await Promise.all(files.map((one) => loadOwnLibrary(source.resolve(one))));
  const { stack, instructions, ...limits } = file.limits ?? {};
  const resolved = (path: string | undefined) => (path === undefined ? undefined : source.resolve(path));
  // One of the two on the command line stands in place of either.
  const isTreeGiven = options.root !== undefined || options.initrd !== undefined;
  const { root, initrd } = isTreeGiven
    ? options
    : { root: resolved(file.root), initrd: resolved(file.initrd) };
  const mounts = (file.mounts ?? []).map(({ host, guest, writable = false }) => ({
    host: source.resolve(host),
    guest,
    writable,
  }));
  const disks = (file.disks ?? []).map(({ host, writable = false }) => ({
    host: source.resolve(host),
    writable,
  }));
  const variables = Object.entries(file.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    program:
      (root ?? initrd) !== undefined && file.program.startsWith("/")
        ? file.program
        : source.resolve(file.program),
    args: given.length > 0 ? given : (file.args ?? []),
    options: {
      ...options,
      root,
      initrd,
      disk: [...disks, ...(options.disk ?? [])],
      mount: [...mounts, ...(options.mount ?? [])],
      env: [...variables, ...(options.env ?? [])],
      cwd: options.cwd ?? file.cwd,
      mem: options.mem ?? file.memory,
      stack,
      limit: { ...limits, ...options.limit },
      maxInstructions: options.maxInstructions ?? instructions,
      aslr: options.aslr && (file.aslr ?? true),
      aslrSeed: options.aslrSeed ?? seedOf(file.aslrSeed),
      allowWx: options.allowWx ?? (file.allowWx || file.allowWxFor),
      deterministic: options.deterministic ?? file.deterministic,
      // Where nothing is said the program decides: it may need disks, or be made for native calls.
      linked: file.libraries && linked,
      own,
    },
  };
}

function seedOf(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const seed = BigInt(text);
  if (seed >= 1n << 64n) throw new UsageError(cliText.badSeed("aslrSeed", text));
  return seed;
}
