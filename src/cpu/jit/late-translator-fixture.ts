import { type Answer, answer, type Job } from "./job.ts";
import type { Translator } from "./translator.ts";

/** Does its jobs on the same thread, and hands answers out when it has been asked for them so many times. */
export class LateTranslator implements Translator {
  isAlive = true;
  isClosed = false;
  readonly jobs: Job[] = [];
  private readonly memory: ArrayBufferLike;
  private readonly lateness: number;
  private readonly answers: { readonly answer: Answer; readonly due: number }[] = [];
  private asked = 0;

  constructor(memory: ArrayBufferLike, lateness = 3) {
    this.memory = memory;
    this.lateness = lateness;
  }

  request(job: Job): void {
    this.jobs.push(job);
    const copy = structuredClone(job);
    // Modules are given as they are: one that was sent is the same.
    this.answers.push({ answer: answer(copy, this.memory), due: this.asked + this.lateness });
  }

  take(): Answer | undefined {
    this.asked++;
    return this.answers[0]?.due < this.asked ? this.answers.shift()?.answer : undefined;
  }

  close(): void {
    this.isAlive = false;
    this.isClosed = true;
  }
}
