/** How many bytes of code each micro-library is: what a bundle says of it with --banner and --stats. */
import { readFileSync } from "node:fs";
import { dirname, posix } from "node:path";

const REGISTER = "src/machine/libraries.ts";

/**
 * Sizes by the library's name, from esbuild's metafile of a bundle with the whole library OS. A library's are the files of its
 * own folder and, of the other folders, those that it alone needs and the rest of the package does not.
 */
export function librarySizes({ inputs, outputs }) {
  const bytes = new Map();
  for (const output of Object.values(outputs))
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs))
      bytes.set(path, (bytes.get(path) ?? 0) + bytesInOutput);
  const entries = registered();
  const users = new Map();
  const follow = (path, user) => {
    if (!users.has(path)) users.set(path, new Set());
    if (users.get(path).has(user)) return;
    users.get(path).add(user);
    for (const { path: next, kind, external } of inputs[path]?.imports ?? [])
      if (!external && kind !== "dynamic-import") follow(next, user);
  };
  for (const { name, path } of entries) follow(path, name);
  for (const { entryPoint } of Object.values(outputs))
    if (entryPoint && !entries.some(({ path }) => path === entryPoint)) follow(entryPoint, "");
  const sizes = Object.fromEntries(entries.map(({ name }) => [name, 0]));
  for (const [path, by] of users) {
    // A folder of the kernel is a library's own; machine/ is not.
    const own = entries.find(
      (entry) => path.startsWith("src/kernel/") && dirname(entry.path) === dirname(path),
    );
    const owner = own?.name ?? (by.size === 1 ? [...by][0] : "");
    if (owner !== "") sizes[owner] += bytes.get(path) ?? 0;
  }
  return sizes;
}

/** The libraries' names and their files, as the register has them. */
function registered() {
  const text = readFileSync(REGISTER, "utf8");
  return [...text.matchAll(/^ {4}name: "([^"]+)",$[\s\S]*?\bimport\("([^"]+)"\)/gm)].map(
    ([, name, path]) => ({
      name,
      path: posix.join(posix.dirname(REGISTER), path),
    }),
  );
}
