import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BuildFailure } from "esbuild";
import type { Library } from "../kernel/library.ts";
import { compositionText } from "../messages/composition.ts";
import { RefusedError } from "../messages/errors.ts";
import { readHostFile } from "./files.ts";

/** The files that say what a kernel is put together from. */

const NAME = "Runikraftfile";

/** A Runikraftfile's text. */
export interface CompositionFile {
  /** As messages call it. */
  readonly name: string;
  readonly text: string;
  /** The host's path of one that the file names. */
  resolve(path: string): string;
}

/** Reads a Runikraftfile, or the one of a directory. Throws `RefusedError`. */
export function readComposition(path: string): CompositionFile {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const name = isDirectory ? join(path, NAME) : path;
  const text = new TextDecoder().decode(readHostFile(name));
  return { name, text, resolve: (other) => resolve(dirname(name), other) };
}

/** A micro-library of the user's own, and the bytes of its code. */
export interface OwnLibrary {
  readonly library: Library;
  readonly bytes: number;
}

/**
 * Loads a micro-library: the default export of a TypeScript or JavaScript file, which may import the package's public API as
 * `runikraft`, further files, and packages. It is code of the user's and does what it likes. Rejects with `RefusedError`.
 */
export async function loadOwnLibrary(path: string): Promise<OwnLibrary> {
  const code = await transpile(path);
  let loaded: { readonly default?: unknown };
  try {
    loaded = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  } catch (error) {
    throw new RefusedError(compositionText.libraryFailed(path, (error as Error).message));
  }
  if (!isLibrary(loaded.default)) throw new RefusedError(compositionText.noLibrary(path));
  return { library: loaded.default, bytes: code.length };
}

/** The file with all that it imports, but for the package itself: that is the one that runs. */
async function transpile(path: string): Promise<Uint8Array> {
  const { build } = await import("esbuild");
  const api = publicApi();
  try {
    const { outputFiles } = await build({
      entryPoints: [path],
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20.19",
      write: false,
      logLevel: "silent",
      plugins: [
        {
          name: "runikraft",
          setup({ onResolve }) {
            onResolve({ filter: /^runikraft$/ }, () => ({ path: api, external: true }));
          },
        },
      ],
    });
    return outputFiles[0].contents;
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    const { file = path, line, column } = first?.location ?? {};
    const place = line === undefined ? file : `${file}:${line}:${(column ?? 0) + 1}`;
    throw new RefusedError(compositionText.cannotTranspile(place, first?.text ?? (error as Error).message));
  }
}

/** Where the running package's public API is: beside the bundle, or above its chunks. */
function publicApi(): string {
  for (const place of ["./index.mjs", "../index.mjs"]) {
    const url = new URL(place, import.meta.url || pathToFileURL("/"));
    if (existsSync(fileURLToPath(url))) return url.href;
  }
  throw new RefusedError(compositionText.needsPackage());
}

function isLibrary(value: unknown): value is Library {
  const { name, summary, provides, needs } = (value ?? {}) as Partial<Library>;
  return (
    typeof name === "string" &&
    typeof summary === "function" &&
    Array.isArray(provides) &&
    Array.isArray(needs)
  );
}
