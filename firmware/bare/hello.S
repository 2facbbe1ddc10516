# hello: a first program for `runikraft boot --bios none`, with nothing below it.
#
# The hart starts here in machine mode, at physical addresses: no kernel, no page tables, no stack. The program
# prints by storing bytes into the UART's transmit register and says how it ended through HTIF: the words
# `tohost` and `fromhost`, which the machine finds by their names.
#
# It shows a trap, too: an illegal instruction is taken to `mtvec`, and what the CSRs say of it is printed.

        .equ    UART, 0x10000000        # 16550, as on QEMU's virt board
        .equ    TRANSMIT, 0             # register offsets
        .equ    LINE_STATUS, 5
        .equ    TRANSMIT_EMPTY, 0x20

        .section .rodata
greeting:
        .asciz  "Hello from machine mode.\n"
trapped:
        .asciz  "A trap: cause "
at:
        .asciz  ", tval 0x"
end_of_line:
        .asciz  ".\n"
digits:
        .ascii  "0123456789abcdef"

        .data
        .balign 8
        .globl  tohost, fromhost
tohost:
        .dword  0
fromhost:
        .dword  0

        .bss
        .balign 16
        .space  1024
stack_top:

        .text
        .globl  _start
_start:
        la      sp, stack_top
        la      t0, on_trap
        csrw    mtvec, t0
        la      a0, greeting
        call    print
        .word   0x0000ffff              # no instruction: trap

# Behind the trap handler's return.
finish:
        li      a0, 0
        slli    t0, a0, 1               # the exit code, shifted, and a 1: "end"
        ori     t0, t0, 1
        la      t1, tohost
        sd      t0, 0(t1)
wait:
        j       wait

        .balign 4
on_trap:
        la      a0, trapped
        call    print
        csrr    a0, mcause
        call    print_hex
        la      a0, at
        call    print
        csrr    a0, mtval
        call    print_hex
        la      a0, end_of_line
        call    print
        la      t0, finish
        csrw    mepc, t0
        mret

# Prints the zero-terminated text at a0.
print:
        li      t0, UART
next_byte:
        lbu     t1, 0(a0)
        beqz    t1, printed
busy:
        lbu     t2, LINE_STATUS(t0)
        andi    t2, t2, TRANSMIT_EMPTY
        beqz    t2, busy
        sb      t1, TRANSMIT(t0)
        addi    a0, a0, 1
        j       next_byte
printed:
        ret

# Prints a0 in hexadecimal, without leading zeros.
print_hex:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        addi    t0, sp, 23              # digits are made from the right
        sb      zero, 0(t0)
        la      t2, digits
next_digit:
        andi    t1, a0, 15
        add     t1, t1, t2
        lbu     t1, 0(t1)
        addi    t0, t0, -1
        sb      t1, 0(t0)
        srli    a0, a0, 4
        bnez    a0, next_digit
        mv      a0, t0
        call    print
        ld      ra, 24(sp)
        addi    sp, sp, 32
        ret
