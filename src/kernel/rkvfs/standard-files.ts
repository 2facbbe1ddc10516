import { type Console, type ConsolePort, consolePorts } from "../rkconsole/console.ts";
import type { Process } from "../rkprocess/process.ts";
import { time } from "../rktime/time.ts";
import { terminals } from "../tty/library.ts";
import { Stream, StreamFile } from "../tty/stream-file.ts";
import { type Tty, TtyFile } from "../tty/tty.ts";
import { VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { open } from "../vfs/operations.ts";
import { type Vfs, vfs } from "../vfs/vfs.ts";

/**
 * What a first process has as descriptors 0, 1 and 2: the terminal for each stream that a person sits at, and the
 * bare stream for the others.
 */
export function openStandardFiles(process: Process): OpenFile[] {
  const { kernel } = process;
  const streams: Console = kernel.use(consolePorts);
  const files = kernel.use(vfs);
  const now = kernel.use(time).realtime();
  const stream = (port: ConsolePort, flags: number): OpenFile => {
    if (port.terminal) return openTerminal(files, kernel.use(terminals).console, now);
    const shared = new Stream(port);
    const place = files.pipes.place(now, (location, how) => new StreamFile(location, how, shared));
    return new StreamFile(place, flags, shared);
  };
  const { input, output, error } = streams;
  if (input.terminal || output.terminal || error.terminal)
    kernel.use(terminals).console.jobs.control(process);
  return [stream(streams.input, O.RDONLY), stream(streams.output, O.WRONLY), stream(streams.error, O.WRONLY)];
}

/** `/dev/console`, so that `ttyname` finds it; where a mount hides that, the terminal without a name. */
function openTerminal(files: Vfs, tty: Tty, now: bigint): OpenFile {
  try {
    return open(files.base(), "/dev/console", O.RDWR, 0);
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
    const place = files.pipes.place(now, (location, flags) => new TtyFile(location, flags, tty));
    return new TtyFile(place, O.RDWR, tty);
  }
}
