import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { consolePorts } from "../rkconsole/console.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { Tty } from "./tty.ts";

/** The terminal that `/dev/console` and `/dev/tty` are. */
export const terminal: Api<Tty> = api("rktty");

export const rktty: Library = {
  name: "rktty",
  summary: librarySummary.rktty,
  provides: [terminal],
  needs: [consolePorts, signals, time],
  start(kernel) {
    const { input, output, error } = kernel.use(consolePorts);
    // With its output redirected, what a person types is still echoed where they see it.
    const screen = output.terminal || !error.terminal ? output : error;
    kernel.provide(terminal, new Tty(input, screen, kernel.use(signals), kernel.use(time)));
  },
};
