# What a C library asks of the kernel before and after main: its code is then among what V8 has compiled (warm.cjs).

        .equ    AT_FDCWD, -100
        .equ    AT_EMPTY_PATH, 0x1000
        .equ    GRND_NONBLOCK, 1
        .equ    PROT_READ, 1
        .equ    PROT_READ_WRITE, 3
        .equ    MAP_PRIVATE_ANONYMOUS, 0x22
        .equ    RLIMIT_STACK, 3
        .equ    PAGE, 4096

        .macro  syscall number
        li      a7, \number
        ecall
        .endm

        .section .rodata
own_name:
        .asciz  "/proc/self/exe"
nothing:
        .asciz  ""
line:
        .ascii  "hello\n"

        .text
        .globl  _start
_start:
        addi    sp, sp, -1024
        li      a0, 0
        syscall 214                     # brk
        mv      s0, a0
        li      t0, 3 * PAGE
        add     a0, a0, t0
        syscall 214
        sd      sp, 0(s0)
        mv      a0, sp
        syscall 96                      # set_tid_address
        mv      a0, sp
        li      a1, 24
        syscall 99                      # set_robust_list
        li      a0, 0
        li      a1, RLIMIT_STACK
        li      a2, 0
        mv      a3, sp
        syscall 261                     # prlimit64
        li      a0, AT_FDCWD
        la      a1, own_name
        mv      a2, sp
        li      a3, 1024
        syscall 78                      # readlinkat
        mv      a0, sp
        li      a1, 8
        li      a2, GRND_NONBLOCK
        syscall 278                     # getrandom
        mv      a0, s0
        li      a1, PAGE
        li      a2, PROT_READ
        syscall 226                     # mprotect
        li      a0, 0
        li      a1, 2 * PAGE
        li      a2, PROT_READ_WRITE
        li      a3, MAP_PRIVATE_ANONYMOUS
        li      a4, -1
        li      a5, 0
        syscall 222                     # mmap
        sd      sp, 0(a0)
        li      a1, 2 * PAGE
        syscall 215                     # munmap
        li      a0, 1
        la      a1, nothing
        mv      a2, sp
        li      a3, AT_EMPTY_PATH
        syscall 79                      # newfstatat
        li      a0, 1
        la      a1, line
        li      a2, 6
        syscall 64                      # write
        li      a0, 0
        syscall 94                      # exit_group
