import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import type { Answer } from "../cpu/jit/job.ts";
import type { MakeTranslator, Translator } from "../cpu/jit/translator.ts";

/** The bundle of `translator-worker.ts`. */
const SCRIPT = "translator.cjs";

/**
 * Translates in a thread of its own, which the machines of this process share: it is there from the first one's first hot code
 * to the last one's end, and keeps no process alive. There is none where no bundle runs.
 */
export const nodeTranslator: MakeTranslator = Object.assign(
  (memory: ArrayBufferLike) => {
    const script = findScript();
    return script === undefined ? undefined : translatorOf(script, memory);
  },
  {
    warmUp: 60_000_000,
    prepare() {
      const { MessageChannel } = threading();
      // The first one of a process takes a millisecond longer than others: the step after this is the longest one.
      new MessageChannel().port1.close();
    },
  },
);

interface Thread {
  readonly worker: Worker;
  isAlive: boolean;
  users: number;
}

const threads = new Map<string, Thread>();

/** The same by a script. */
export function translatorOf(script: string, memory: ArrayBufferLike): Translator {
  const { MessageChannel, receiveMessageOnPort } = threading();
  const thread = threads.get(script) ?? start(script);
  thread.users++;
  const { port1: port, port2: other } = new MessageChannel();
  const sent = new Int32Array(new SharedArrayBuffer(4));
  thread.worker.postMessage({ port: other, sent, memory }, [other]);
  port.unref();
  let isOpen = true;
  let taken = 0;
  return {
    get isAlive() {
      return isOpen && thread.isAlive;
    },
    request: (job) => port.postMessage(job),
    take() {
      // Asking the port takes a microsecond, most often in vain.
      if (Atomics.load(sent, 0) === taken) return undefined;
      taken = (taken + 1) | 0;
      return receiveMessageOnPort(port)?.message as Answer | undefined;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      port.close();
      if (--thread.users === 0) end(script, thread);
    },
  };
}

function start(script: string): Thread {
  const { Worker } = threading();
  const worker = new Worker(script);
  worker.unref();
  const thread: Thread = { worker, isAlive: true, users: 0 };
  threads.set(script, thread);
  const died = () => end(script, thread);
  worker.on("error", died);
  worker.on("exit", died);
  return thread;
}

function end(script: string, thread: Thread): void {
  if (!thread.isAlive) return;
  thread.isAlive = false;
  if (threads.get(script) === thread) threads.delete(script);
  void thread.worker.terminate();
}

/** Not loaded at the start: most runs are too short for it. */
const threading = () => process.getBuiltinModule("node:worker_threads");

/** Beside the bundle that runs, or above its chunks. */
function findScript(): string | undefined {
  const here = typeof __dirname === "string" ? __dirname : dirname(fileURLToPath(import.meta.url));
  return [here, dirname(here)].map((place) => join(place, SCRIPT)).find((path) => existsSync(path));
}
