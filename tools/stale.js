/** Whether dist/ is older than what it is built from. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** Written at the end of every build, so its time is the build's. */
export const STAMP = "dist/.built";
const INPUTS = ["src", "bench", "firmware", "tools", "package.json", "package-lock.json"];
const SKIPPED = new Set(["dist", "prebuilt"]);

/** Folders count too: removing a file changes only its folder's time. */
function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const inside = readdirSync(path)
    .filter((name) => !SKIPPED.has(name))
    .map((name) => newest(join(path, name)));
  // firmware/ itself changes when the build makes firmware/dist.
  return Math.max(path.endsWith("firmware") ? 0 : info.mtimeMs, ...inside);
}

export function isStale() {
  const stamp = join(root, STAMP);
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return INPUTS.some((input) => newest(join(root, input)) > built);
}
