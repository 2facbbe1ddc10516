import type TypedEmitter from "typed-emitter";
import type { ExitStatus } from "../kernel/rkprocess/exit.ts";

/** What a hosted machine tells whoever listens. Never anything per instruction: listening must not slow a guest. */
export type HostedEvents = {
  /** A system call that no library has was made for the first time. */
  unsupported: (name: string) => void;
  /** The program has ended. */
  exit: (status: ExitStatus) => void;
};

type Listeners = { [Name in keyof HostedEvents]: Set<HostedEvents[Name]> };

/** The machine's emitter: the part of Node's that a machine needs, so that it runs where Node is not. */
export class HostedEmitter implements Pick<TypedEmitter<HostedEvents>, "on" | "off" | "emit"> {
  private readonly listeners: Listeners = { unsupported: new Set(), exit: new Set() };

  on<Name extends keyof HostedEvents>(name: Name, listener: HostedEvents[Name]): this {
    this.listeners[name].add(listener);
    return this;
  }

  off<Name extends keyof HostedEvents>(name: Name, listener: HostedEvents[Name]): this {
    this.listeners[name].delete(listener);
    return this;
  }

  /** Returns whether anybody listened. */
  emit<Name extends keyof HostedEvents>(name: Name, ...args: Parameters<HostedEvents[Name]>): boolean {
    for (const listener of this.listeners[name]) (listener as (...all: typeof args) => void)(...args);
    return this.listeners[name].size > 0;
  }
}
