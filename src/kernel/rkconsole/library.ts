import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { consolePorts } from "./console.ts";
import { SerialConsole } from "./serial.ts";

export const rkconsole: Library = {
  name: "rkconsole",
  summary: librarySummary.rkconsole,
  provides: [consolePorts],
  needs: [platform],
  start(kernel) {
    const { bus, consoles } = kernel.use(platform);
    const [first, second] = consoles;
    kernel.provide(consolePorts, {
      input: new SerialConsole(bus, first, "input"),
      output: new SerialConsole(bus, first, "output"),
      error: new SerialConsole(bus, second, "output"),
    });
  },
};
