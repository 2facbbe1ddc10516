# HSM: harts are started, stopped and put to sleep.

        .equ    SUSPEND_NON_RETENTIVE, 0x80000000 # the default one; the default retentive one is 0

        .data
        .balign 8
states:                                 # by hart
        .fill   MAX_HARTS, 8, STOPPED

        .text

# set_state(t0): of this hart.
set_state:
        ld      t1, HART_ID(s0)
        slli    t1, t1, 3
        la      t2, states
        add     t1, t1, t2
        fence
        sd      t0, 0(t1)
        ret

# hart_state(a0: a hart): t0 is the address of its state, or 0 where there is no such hart.
hart_state:
        li      t0, MAX_HARTS
        bgeu    a0, t0, 1f
        la      t0, present
        ld      t0, 0(t0)
        srl     t0, t0, a0
        andi    t0, t0, 1
        beqz    t0, 1f
        la      t0, states
        slli    t1, a0, 3
        add     t0, t0, t1
        ret
1:      li      t0, 0
        ret

# hart_start(a0: a hart, a1: where, a2: what it gets in a1)
hart_start:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a0, 16(sp)
        sd      a1, 8(sp)
        call    hart_state
        mv      s1, t0
        mv      a0, a1
        li      a1, 2                   # one instruction at the least
        call    is_ram
        ld      a1, 8(sp)
        ld      a0, 16(sp)
        ld      ra, 24(sp)
        addi    sp, sp, 32
        beqz    s1, invalid_param
        bnez    t0, invalid_address
        li      t1, STOPPED             # only one caller may take it out of this state
        li      t2, START_PENDING
1:      lr.d.aq t0, (s1)
        bne     t0, t1, 2f
        sc.d    t0, t2, (s1)
        bnez    t0, 1b
        la      t0, areas + AREA_SIZE - RECORD_SIZE
        slli    t1, a0, AREA_SHIFT
        add     t0, t0, t1              # its record
        sd      a2, HART_OPAQUE(t0)
        fence
        sd      a1, HART_START(t0)      # last: it may be awake, and starts when it sees this
        li      t0, 1
        sll     t0, t0, a0
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    interrupt
        ld      ra, 8(sp)
        addi    sp, sp, 16
        j       success
2:      li      a0, ERR_ALREADY_AVAILABLE
        li      a1, 0
        ret

# hart_stop(): does not return.
hart_stop:
        li      t0, -1
        csrw    stimecmp, t0
        mv      sp, s0
        j       stopped

# hart_get_status(a0: a hart): its state.
hart_get_status:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    hart_state
        ld      ra, 8(sp)
        addi    sp, sp, 16
        beqz    t0, invalid_param
        ld      a1, 0(t0)
        j       success_value

# hart_suspend(a0: type, 32 bits, a1: where to resume, a2: what to give in a1 there): sleeps until an interrupt
# comes that the kernel has enabled. The retentive suspend then returns; the other loses all registers.
hart_suspend:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a1, 8(sp)
        sd      a2, 0(sp)
        slli    s1, a0, 32
        srli    s1, s1, 32
        beqz    s1, 1f
        li      t0, SUSPEND_NON_RETENTIVE
        bne     s1, t0, 3f
        mv      a0, a1
        li      a1, 2
        call    is_ram
        bnez    t0, 4f
1:      li      t0, SUSPENDED
        call    set_state
2:      wfi
        call    on_software
        csrr    t0, mip
        csrr    t1, mie
        and     t0, t0, t1
        li      t1, SUPERVISOR_INTERRUPTS
        and     t0, t0, t1
        beqz    t0, 2b
        ld      a0, 8(sp)
        ld      a1, 0(sp)
        ld      ra, 24(sp)
        addi    sp, sp, 32
        bnez    s1, enter_supervisor
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      t0, STARTED
        call    set_state
        ld      ra, 8(sp)
        addi    sp, sp, 16
        j       success
3:      ld      ra, 24(sp)
        addi    sp, sp, 32
        j       invalid_param
4:      ld      ra, 24(sp)
        addi    sp, sp, 32
        j       invalid_address
