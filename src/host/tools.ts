import type { ChildProcess, spawn as Spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { RefusedError } from "../messages/errors.ts";
import { rootText } from "../messages/root.ts";

/** Programs of the host that the command line calls, in the C locale, so that their words can be read. */

export interface ToolResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each line that the program writes to descriptor 3. */
  readonly onStatus?: (line: string) => void;
}

/** Runs a program to its end. Throws `RefusedError` where there is no such program. */
export async function runTool(
  name: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const child = start(name, args, options.env, options.onStatus ? "pipe" : "ignore");
  const ended = ending(name, child);
  const [stdout, stderr] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    options.onStatus && lines(child.stdio[3] as Readable, options.onStatus),
  ]);
  return { status: await ended, stdout, stderr };
}

/**
 * Runs a program and hands its output to `consume` as it comes. Throws `RefusedError` where there is no such program
 * or it fails, with what it said.
 */
export async function consumeTool<T>(
  name: string,
  args: readonly string[],
  consume: (output: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const child = start(name, args, {}, "ignore");
  const ended = ending(name, child);
  // What ends unheard is told by `ended`, below.
  ended.catch(() => {});
  const complaint = text(child.stderr as Readable);
  try {
    const result = await consume(child.stdout as Readable);
    const status = await ended;
    if (status !== 0)
      throw new RefusedError(rootText.toolFailed(name, lastLine(await complaint) || `${status}`));
    return result;
  } catch (error) {
    child.kill();
    await ended;
    // An archive that breaks off is the program's to explain.
    const why = lastLine(await complaint);
    throw why === "" || error instanceof RefusedError === false
      ? error
      : new RefusedError(rootText.toolFailed(name, why));
  }
}

const lastLine = (said: string): string => said.trimEnd().split("\n").at(-1) ?? "";

function start(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  status: "pipe" | "ignore",
): ChildProcess {
  const spawn: typeof Spawn = process.getBuiltinModule("node:child_process").spawn;
  return spawn(name, args, {
    stdio: ["ignore", "pipe", "pipe", status],
    env: { ...process.env, LC_ALL: "C", LANGUAGE: "", ...env },
  });
}

/** The exit status; 128 and more where a signal ended it. */
function ending(name: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        new RefusedError(
          error.code === "ENOENT" ? rootText.noTool(name) : rootText.toolFailed(name, error.message),
        ),
      ),
    );
    child.on("close", (status) => resolve(status ?? 128));
  });
}

async function text(stream: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function lines(stream: Readable, each: (line: string) => void): Promise<void> {
  let pending = "";
  for await (const chunk of stream) {
    const all = (pending + chunk.toString()).split("\n");
    pending = all.pop() as string;
    for (const line of all) each(line);
  }
}
