import type { Answer, Job } from "./job.ts";

/** Does jobs beside the guest, on another thread. */
export interface Translator {
  /** False: no job will be answered any more, and none may be asked for. */
  readonly isAlive: boolean;
  request(job: Job): void;
  /** An answer that has arrived, if there is one: without waiting, whatever the host's event loop does. */
  take(): Answer | undefined;
  /** Lets go of it. Answers do not arrive any more. */
  close(): void;
}

/**
 * Makes the translator of a machine with this linear memory, when that first needs one; `undefined`: there is none to be had.
 */
export interface MakeTranslator {
  (memory: ArrayBufferLike): Translator | undefined;
  /** A part of making one that takes milliseconds by itself, to be done before: the guest waits for each. */
  readonly prepare?: () => void;
  /**
   * While a machine retires so many instructions, the host is better left alone: its own compiler is busy with the interpreter,
   * and not warm for translating.
   */
  readonly warmUp?: number;
}
