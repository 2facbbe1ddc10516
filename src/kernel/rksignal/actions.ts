import { CLONE, hasFlag } from "../rkprocess/clone-flags.ts";
import { processState } from "../rkprocess/state.ts";
import { signal } from "./signals.ts";

export const SIGNALS = 64;
export const SIG_DFL = 0;
export const SIG_IGN = 1;

export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_SIGINFO = 4;
export const SA_ONSTACK = 0x0800_0000;
export const SA_RESTART = 0x1000_0000;
export const SA_NODEFER = 0x4000_0000;
export const SA_RESETHAND = 0x8000_0000;

/** What a process has asked to happen on a signal (`rt_sigaction`). */
export interface Action {
  /** Address, `SIG_DFL` or `SIG_IGN`. */
  handler: number;
  /** Unsigned: `SA_` bits. */
  flags: number;
  /** Blocked while the handler runs. */
  readonly mask: { low: number; high: number };
}

/** What stays of an action when handlers go. */
const afterReset = (action: Action): Action => {
  const kept = initial();
  if (action.handler === SIG_IGN) kept.handler = SIG_IGN;
  return kept;
};

const copyOf = (action: Action): Action => ({ ...action, mask: { ...action.mask } });

const initial = (): Action => ({ handler: SIG_DFL, flags: 0, mask: { low: 0, high: 0 } });

/** A process's actions, by signal number. */
export const signalActions = processState<Action[]>({
  create: () => Array.from({ length: SIGNALS + 1 }, initial),
  fork(parent, _child, flags) {
    if (flags & CLONE.SIGHAND) return parent;
    const reset = hasFlag(flags, CLONE.CLEAR_SIGHAND);
    return parent.map((action) => (reset ? afterReset(action) : copyOf(action)));
  },
  exec: (actions) => actions.map(afterReset),
});

export type DefaultAction = "ignore" | "terminate" | "stop" | "continue";

/** What happens on a signal whose action is `SIG_DFL` (signal(7)). */
export function defaultAction(number: number): DefaultAction {
  if (IGNORED.has(number)) return "ignore";
  if (number === signal.SIGCONT) return "continue";
  return STOPPING.has(number) ? "stop" : "terminate";
}

const IGNORED: ReadonlySet<number> = new Set([signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH]);
export const STOPPING: ReadonlySet<number> = new Set([
  signal.SIGSTOP,
  signal.SIGTSTP,
  signal.SIGTTIN,
  signal.SIGTTOU,
]);
