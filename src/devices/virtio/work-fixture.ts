import type { HostWork } from "../host-work.ts";

/** Host work without a machine: callbacks come as soon as they can. */
export const immediateWork: HostWork = {
  follow(work, done, failed) {
    work.then(done, failed);
  },
};

/** Until all host work has ended that nothing holds. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
