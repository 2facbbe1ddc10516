import { goFirst } from "../host/priority.ts";
import { OutputClosed } from "../host/process.ts";
import { setLocale } from "../messages/catalogue.ts";
import { cliText } from "../messages/cli.ts";
import { UserError } from "../messages/errors.ts";
import { say } from "./output.ts";
import { execute } from "./program.ts";

const INTERNAL_ERROR = 4;

if (process.env.RUNIKRAFT_LANG === "zh") setLocale("zh");

goFirst();

// What is thrown while the host's events are handled, such as input echoed to a terminal that has gone.
process.on("uncaughtException", (error) => process.exit(report(error)));

execute(process.argv.slice(2)).catch((error) => {
  process.exitCode = report(error);
});

/** Says what went wrong and gives the exit code for it. */
function report(error: unknown): number {
  // Like any program whose reader has gone, in the shell's words: 128 + SIGPIPE.
  if (error instanceof OutputClosed) return 128 + 13;
  try {
    if (error instanceof UserError) say(error.message);
    else {
      say(cliText.internal(error instanceof Error ? error.message : String(error)));
      if (process.env.RUNIKRAFT_DEBUG && error instanceof Error) say(error.stack ?? error.message);
    }
  } catch {
    // stderr is gone too: the exit code says it all.
  }
  return error instanceof UserError ? error.exitCode : INTERNAL_ERROR;
}
