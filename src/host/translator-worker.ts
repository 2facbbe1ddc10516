import { setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";
import { type MessagePort, parentPort } from "node:worker_threads";
import { answer, type Job } from "../cpu/jit/job.ts";
import { NICE } from "./priority.ts";

/** A machine: the port that its jobs come through, how many answers went back, and its linear memory. */
export interface Client {
  readonly port: MessagePort;
  readonly sent: Int32Array;
  readonly memory: ArrayBufferLike;
}

// V8 optimizes a function for what it has seen so far, and again each time that something else comes along. What translates
// meets new kinds of code for seconds; compiling it up to ten times took longer than all that it translated meanwhile.
setFlagsFromString("--interrupt-budget=2000000");

// On Linux, 0 is this thread alone.
if (process.platform === "linux") setPriority(0, NICE);

/** The thread that translates. */
parentPort?.on("message", ({ port, sent, memory }: Client) => {
  port.on("message", (job: Job) => {
    port.postMessage(answer(job, memory));
    Atomics.add(sent, 0, 1);
  });
});
