/** Result of a system call that has set the thread's registers itself, a0 and pc included. */
export const REGISTERS_SET = -0x1000;

/** Result of a system call whose thread waits (`rkprocess/wait.ts`). */
export const WAITING = -0x1001;
