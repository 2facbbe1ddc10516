import { type Run, requireVariable, runikraft } from "./toolchain.ts";

/** The root of Debian's applications that `npm run test:guests` makes with `runikraft root add`. Nothing writes to it. */
export const applications = requireVariable("RUNIKRAFT_GUEST_APPLICATIONS");

export interface ApplicationOptions {
  readonly input?: string | Uint8Array;
  /** More options of `runikraft run`, such as mounts. */
  readonly options?: readonly string[];
}

/** Runs one of them: the path of a program in the root, and its arguments. */
export function application(args: readonly string[], { input, options = [] }: ApplicationOptions = {}): Run {
  return runikraft(["run", "--root", applications, ...options, ...args], { input });
}
