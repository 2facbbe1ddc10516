import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { consolePorts } from "../rkconsole/console.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { signals } from "../rksignal/signals.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { Terminals } from "./terminals.ts";

/** The terminals behind `/dev/console`, `/dev/tty` and `/dev/pts`. */
export const terminals: Api<Terminals> = api("rktty");

export const rktty: Library = {
  name: "rktty",
  summary: librarySummary.rktty,
  provides: [terminals],
  needs: [consolePorts, signals, time, processTable, dispatcher],
  start(kernel) {
    const { input, output, error } = kernel.use(consolePorts);
    // With its output redirected, what a person types is still echoed where they see it.
    const screen = output.terminal || !error.terminal ? output : error;
    const calls = kernel.use(dispatcher);
    kernel.provide(
      terminals,
      new Terminals(
        input,
        screen,
        kernel.use(signals),
        kernel.use(processTable),
        kernel.use(time),
        () => calls.current?.process,
      ),
    );
  },
};
