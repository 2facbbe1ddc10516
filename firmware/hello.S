# hello: a first program for `runikraft run`, in nothing but assembly.
#
# It is a Linux program: it asks the kernel for things by `ecall`, with the number of the
# system call in a7 and its arguments in a0, a1, a2, ... The result comes back in a0.
#
# It shows
#   - where its parts were put in memory: run it again, and every address has moved (ASLR);
#   - a little arithmetic: the primes below 100, sieved in zeroed memory.
#
# Calling convention used below: arguments and results in a0 to a7; t0 to t6 and a0 to a7
# may be changed by any call; s0 to s11 and sp must be given back as they were.

        .option pic                     # no fixed addresses: it may be loaded anywhere

        .equ    SYS_WRITE, 64
        .equ    SYS_EXIT_GROUP, 94
        .equ    SYS_BRK, 214
        .equ    STDOUT, 1
        .equ    LIMIT, 100              # primes below this
        .equ    HEX_DIGITS, 16

# ---------------------------------------------------------------------------------------
        .section .rodata                # constants: may be read, not written, not executed

greeting:
        .asciz  "Hello from a RISC-V program.\n\nWhere its parts are this time:\n"
code_name:
        .asciz  "  code       0x"
constants_name:
        .asciz  "  constants  0x"
data_name:
        .asciz  "  data       0x"
heap_name:
        .asciz  "  heap       0x"
stack_name:
        .asciz  "  stack      0x"
primes_title:
        .asciz  "\nThe primes below 100:\n "
farewell:
        .asciz  "\n\nDone.\n"

# ---------------------------------------------------------------------------------------
        .data                           # variables: may be read and written, not executed

        .balign 8
lines_written:
        .dword  0

        .bss                            # variables that start as zero: they take no room in the file

composite:                              # composite[n] is 1 once n is known not to be prime
        .space  LIMIT
text:                                   # one number as text
        .space  24

# ---------------------------------------------------------------------------------------
        .text                           # code: may be read and executed, not written
        .globl  _start

# The kernel starts the program here, with sp at the arguments. Nobody called us, so there is
# no address to return to: the program ends by asking the kernel to end it.
_start:
        mv      s0, sp                  # the stack as we found it

        la      a0, greeting
        call    print

        la      a0, code_name
        la      a1, _start
        call    print_place
        la      a0, constants_name
        la      a1, greeting
        call    print_place
        la      a0, data_name
        la      a1, lines_written
        call    print_place

        li      a0, 0                   # brk(0) only says where the heap ends: still empty, so
        li      a7, SYS_BRK             # that is also where it begins
        ecall
        mv      a1, a0
        la      a0, heap_name
        call    print_place

        la      a0, stack_name
        mv      a1, s0
        call    print_place

        call    sieve
        la      a0, primes_title
        call    print
        call    print_primes

        la      a0, farewell
        call    print

        # Five places were to be printed: the exit code says whether they all were.
        ld      a0, lines_written
        addi    a0, a0, -5
        snez    a0, a0                  # a0 = (a0 != 0)
        li      a7, SYS_EXIT_GROUP
        ecall

# print(a0: address of a text that ends with a zero byte)
print:
        mv      a1, a0                  # write() wants the address in a1 ...
        mv      a2, a0
1:      lbu     t0, 0(a2)               # ... and the length in a2: look for the zero byte
        beqz    t0, 2f                  # 2f: the next label 2 further down
        addi    a2, a2, 1
        j       1b                      # 1b: the last label 1 further up
2:      sub     a2, a2, a1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        ret

# print_place(a0: address of a name, a1: an address): a line with both
print_place:
        addi    sp, sp, -16             # a function that calls others must keep ra, its own
        sd      ra, 8(sp)               # return address, because each call overwrites it
        sd      a1, 0(sp)
        call    print
        ld      a0, 0(sp)
        call    print_hex
        la      t0, lines_written       # count the line
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# print_hex(a0: a number): its sixteen hexadecimal digits and a line feed
print_hex:
        la      a1, text
        addi    t0, a1, HEX_DIGITS      # digits are found from the last to the first
        li      t1, '\n'
        sb      t1, 0(t0)
1:      addi    t0, t0, -1
        andi    t1, a0, 0xf             # the lowest digit, 0 to 15
        li      t2, 10
        bltu    t1, t2, 2f
        addi    t1, t1, 'a' - 10 - '0'  # 10 to 15 are letters
2:      addi    t1, t1, '0'
        sb      t1, 0(t0)
        srli    a0, a0, 4               # the next digit
        bne     t0, a1, 1b
        li      a2, HEX_DIGITS + 1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        ret

# sieve(): crosses out the multiples of every number that is not crossed out itself
sieve:
        la      t0, composite
        li      t1, 2                   # the number at hand
        li      t6, LIMIT
1:      add     t2, t0, t1
        lbu     t3, 0(t2)
        bnez    t3, 3f                  # crossed out: so are its multiples
        mul     t4, t1, t1              # smaller multiples were crossed out before
        li      t5, 1
2:      bgeu    t4, t6, 3f
        add     t2, t0, t4
        sb      t5, 0(t2)
        add     t4, t4, t1
        j       2b
3:      addi    t1, t1, 1
        bltu    t1, t6, 1b
        ret

# print_primes(): the numbers that the sieve left, with a space before each
print_primes:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      s0, composite
        li      s1, 2
1:      add     t0, s0, s1
        lbu     t0, 0(t0)
        bnez    t0, 2f
        mv      a0, s1
        call    print_small
2:      addi    s1, s1, 1
        li      t0, LIMIT
        bltu    s1, t0, 1b
        ld      s1, 8(sp)
        ld      s0, 16(sp)
        ld      ra, 24(sp)
        addi    sp, sp, 32
        ret

# print_small(a0: a number from 1 to 99): a space and its digits
print_small:
        la      a1, text
        li      t0, ' '
        sb      t0, 0(a1)
        addi    t1, a1, 1               # where the next digit goes
        li      t2, 10
        divu    t3, a0, t2              # tens
        remu    t4, a0, t2              # ones
        beqz    t3, 1f                  # no leading zero
        addi    t3, t3, '0'
        sb      t3, 0(t1)
        addi    t1, t1, 1
1:      addi    t4, t4, '0'
        sb      t4, 0(t1)
        addi    t1, t1, 1
        sub     a2, t1, a1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        ret
