import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { errno } from "../syscalls/errno.ts";
import { full } from "../syscalls/row.ts";
import { ChaChaRandom } from "./chacha.ts";
import { random } from "./random.ts";

/** Bytes of one call; a length of 2^63 and more is too long for any memory. */
const MOST = 0x1ff_ffff;
const GRND_FLAGS = 1 | 2 | 4;

const getrandom = full("getrandom", (thread, buffer, length, flags) => {
  if ((flags & ~GRND_FLAGS) !== 0 || (flags & 6) === 6) return -errno.EINVAL;
  const source = thread.kernel.use(random);
  return thread.memory.pieces(buffer, Math.min(length < 0 ? MOST : length, MOST), "write", (bytes) =>
    source.fill(bytes),
  );
});

export const rkswrand: Library = {
  name: "rkswrand",
  summary: librarySummary.rkswrand,
  provides: [random],
  needs: [platform],
  syscalls: [getrandom],
  start(kernel) {
    const seed = new Uint8Array(32);
    kernel.use(platform).entropy(seed);
    kernel.provide(random, new ChaChaRandom(seed));
  },
};
