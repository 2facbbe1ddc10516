# Every way into M-mode and back.

# Why a trap was taken (mcause).
        .equ    CAUSE_CALL_FROM_S, 9

        .section .rodata
bug_text:
        .asciz  "SBI firmware: unexpected trap in machine mode\n"

        .text
        .balign 4

# mscratch holds the address of the hart's record whenever no trap is being saved.
on_trap:
        csrrw   sp, mscratch, sp
        sd      s0, SAVED_S0(sp)
        mv      s0, sp
        sd      ra, SAVED_RA(s0)
        sd      s1, SAVED_S1(s0)
        sd      a0, SAVED_A0 + 0(s0)
        sd      a1, SAVED_A0 + 8(s0)
        sd      a2, SAVED_A0 + 16(s0)
        sd      a3, SAVED_A0 + 24(s0)
        sd      a4, SAVED_A0 + 32(s0)
        sd      a5, SAVED_A0 + 40(s0)
        sd      a6, SAVED_A0 + 48(s0)
        sd      a7, SAVED_A0 + 56(s0)
        sd      t0, SAVED_T0 + 0(s0)
        sd      t1, SAVED_T0 + 8(s0)
        sd      t2, SAVED_T0 + 16(s0)
        sd      t3, SAVED_T0 + 24(s0)
        sd      t4, SAVED_T0 + 32(s0)
        sd      t5, SAVED_T0 + 40(s0)
        sd      t6, SAVED_T0 + 48(s0)
        csrrw   t0, mscratch, s0
        sd      t0, SAVED_SP(s0)
        csrr    t0, mepc
        sd      t0, SAVED_PC(s0)

        csrr    t0, mcause
        bltz    t0, on_interrupt        # its highest bit is set for interrupts
        li      t1, CAUSE_CALL_FROM_S
        beq     t0, t1, on_call
        csrr    t0, mstatus             # an exception in M-mode itself is our mistake
        li      t1, STATUS_MPP
        and     t0, t0, t1
        beq     t0, t1, bug

# redirect: hands an exception, which mcause and mtval tell, on to S-mode as if it had gone there by itself.
redirect:
        csrr    t0, mcause
        csrw    scause, t0
        csrr    t0, mtval
        csrw    stval, t0
        ld      t0, SAVED_PC(s0)
        csrw    sepc, t0
        csrr    t0, stvec
        andi    t0, t0, -4              # exceptions go to the base even where interrupts do not
        sd      t0, SAVED_PC(s0)
        csrr    t0, mstatus
        srli    t1, t0, 3               # MPP, which is 0 (U) or 1 (S), to SPP
        andi    t1, t1, STATUS_SPP
        andi    t0, t0, STATUS_SIE      # SIE to SPIE
        slli    t0, t0, 4
        or      t0, t0, t1
        li      t1, STATUS_SPP | STATUS_SPIE | STATUS_SIE
        csrc    mstatus, t1
        li      t1, STATUS_MPP_S
        or      t0, t0, t1
        csrs    mstatus, t0

# resume: back to what was interrupted.
resume:
        ld      t0, SAVED_PC(s0)
        csrw    mepc, t0
        ld      ra, SAVED_RA(s0)
        ld      sp, SAVED_SP(s0)
        ld      s1, SAVED_S1(s0)
        ld      a0, SAVED_A0 + 0(s0)
        ld      a1, SAVED_A0 + 8(s0)
        ld      a2, SAVED_A0 + 16(s0)
        ld      a3, SAVED_A0 + 24(s0)
        ld      a4, SAVED_A0 + 32(s0)
        ld      a5, SAVED_A0 + 40(s0)
        ld      a6, SAVED_A0 + 48(s0)
        ld      a7, SAVED_A0 + 56(s0)
        ld      t0, SAVED_T0 + 0(s0)
        ld      t1, SAVED_T0 + 8(s0)
        ld      t2, SAVED_T0 + 16(s0)
        ld      t3, SAVED_T0 + 24(s0)
        ld      t4, SAVED_T0 + 32(s0)
        ld      t5, SAVED_T0 + 40(s0)
        ld      t6, SAVED_T0 + 48(s0)
        ld      s0, SAVED_S0(s0)
        mret

on_interrupt:                           # the software interrupt: there is no other
        call    on_software
        j       resume

# try_load(a0: an address, t0: MPRV or 0): a0 is the double word there, t0 zero. With MPRV the address is
# one of S-mode's, translated as S-mode's own loads are. Where the load faults t0 is 1, and mcause and mtval
# tell why. For functions of calls: the trap that is being handled came from S-mode.
try_load:
        la      t1, 1f
        csrrw   t1, mtvec, t1
        csrs    mstatus, t0
        ld      a0, 0(a0)
        csrc    mstatus, t0
        csrw    mtvec, t1
        li      t0, 0
        ret
        .balign 4
1:      csrc    mstatus, t0
        csrw    mtvec, t1
        li      t0, STATUS_MPP          # the second trap came from M-mode
        csrc    mstatus, t0
        li      t0, STATUS_MPP_S
        csrs    mstatus, t0
        li      t0, 1
        ret

bug:    la      a1, bug_text
1:      lbu     a0, 0(a1)
        beqz    a0, 2f
        call    put_byte
        addi    a1, a1, 1
        j       1b
2:      li      a0, 0                   # shut down, ...
        li      a1, 1                   # ... the reason: system failure
        j       system_reset
