/**
 * The sigreturn page: where signal handlers return to. riscv64 has no `sa_restorer`, so the kernel must supply the
 * code that makes the `rt_sigreturn` system call (Linux keeps it in its vDSO).
 *
 * It is this page alone, not an ELF image announced by AT_SYSINFO_EHDR: all a vDSO could add is `clock_gettime`
 * without a system call, and here reading the `time` register leaves compiled code just as a system call does.
 * Unwinders know the trampoline by these two instructions (libgcc and gdb compare the words), not by its name.
 */
export const SIGRETURN_CODE = new Uint8Array(
  Uint32Array.of(
    0x08b00893, // li a7, 139 (rt_sigreturn)
    0x00000073, // ecall
  ).buffer,
);

/** The page's name in the list of mappings, as Linux calls such a page on ARM. */
export const SIGPAGE_NAME = "[sigpage]";
