# Data directives and expressions, for GNU as and for us. Operators are put in parentheses where GNU as and C
# disagree about precedence.
        .option norvc
        .equ size, 16
        .set twice, size * 2
thrice = size + twice

        .text
start:  li a0, thrice
        .equ passed, . - start           # a distance that is already known
        li a1, passed
        .balign 16
end:    ret

        .section .rodata
text:   .ascii "tab\tquote\" \x41\101\n", "more"
        .asciz "ends here"
        .string "", "a # b ; c // d"
        .byte 'a', ';', '#', '"', -1, 255, 0b101, 017
after:  .half 0x1234, -1
        .2byte 1
        .balign 4
        .word 0xdeadbeef, -2147483648, after - text
        .long 1
        .int 2
        .4byte 3
        .balign 8, 0xee
        .dword 0x123456789abcdef0, start, text + 3
        .quad -1
        .8byte later
        .float 0.1, -1.5, 1e10
        .double 0.1, 2.5e-3, -0.0
        .zero 3
        .space 2, 0x55
        .skip 1
        .fill 3, 2, 0x0102
        .p2align 3
        .byte (1 + 2) * 3 - (7 / 2) % 2, (1 << 4) | 3, ~0 & 0xf, -(-5), (0x55 ^ 0xff) >> 1

        .data
        .align 3
later:  .dword later, . - 8
count:  .word (end - start) / 4

        .bss
room:   .space 100
        .balign 64
more:   .zero 1
