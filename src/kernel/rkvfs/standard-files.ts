import { type Console, type ConsolePort, consolePorts } from "../rkconsole/console.ts";
import type { Process } from "../rkprocess/process.ts";
import { time } from "../rktime/time.ts";
import { terminal } from "../tty/library.ts";
import { Stream, StreamFile } from "../tty/stream-file.ts";
import { O } from "../vfs/flags.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { open } from "../vfs/operations.ts";
import { vfs } from "../vfs/vfs.ts";

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
    if (port.terminal) return open(files.base(), "/dev/console", O.RDWR, 0);
    const shared = new Stream(port);
    const place = files.pipes.place(now, (location, how) => new StreamFile(location, how, shared));
    return new StreamFile(place, flags, shared);
  };
  kernel.use(terminal).control(process);
  return [stream(streams.input, O.RDONLY), stream(streams.output, O.WRONLY), stream(streams.error, O.WRONLY)];
}
