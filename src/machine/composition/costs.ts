import type { Kernel } from "../../kernel/kernel.ts";
import { librarySizes } from "../library-sizes.ts";

/** What a linked library costs. */
export interface LibraryCost {
  readonly name: string;
  /** Of code; `undefined` where that is not known: the sources run as they are. */
  readonly bytes: number | undefined;
  /** That its start took. */
  readonly milliseconds: number;
}

/** In the order in which they were started. `own`: bytes of libraries that are not the package's. */
export function libraryCosts(
  { libraries, startTimes }: Kernel,
  own: Readonly<Record<string, number>> = {},
): LibraryCost[] {
  return libraries.map(({ name }, i) => ({
    name,
    bytes: Object.hasOwn(own, name) ? own[name] : librarySizes[name],
    milliseconds: startTimes[i],
  }));
}
