# Interrupts and fences on other harts: IPI, RFENCE and the legacy calls.
#
# A hart is reached by its software interrupt (MSIP). What it is to do then stands in memory, as sets of
# harts: bit n is hart n.
#
# Only one fence is under way at a time, its caller the owner of `fence_lock`. It describes the fence, says in
# `fence_todo` which harts are to do it, interrupts them, and waits until they all have: only then may the
# kernel believe, for example, that nobody uses the old page table. A hart that waits, for the lock or for
# the others, does the fences that are asked of it meanwhile, so no two harts wait for each other. It waits
# asleep: who takes itself out of `fence_todo` last wakes the owner, and who gives the lock back wakes those
# in `fence_queue`.

        .equ    MOST_PAGES, 16          # more are fenced faster all at once
        .equ    ASID_BITS, 16

        .bss
        .balign 8
ipi_todo:                               # harts whose kernel is to get a software interrupt
        .space  8
fence_todo:                             # harts that have not done the fence yet
        .space  8
fence_lock:                             # 0: free
        .space  8
fence_queue:                            # harts that wait for the lock
        .space  8
fence_request:                          # what is to be done; set by the lock's owner
        .equ    FENCE_ROUTINE, 0
        .equ    FENCE_START, 8
        .equ    FENCE_END, 16
        .equ    FENCE_ASID, 24
        .equ    FENCE_OWNER, 32         # the set with just that hart
        .space  40

        .text

# on_software(): this hart was interrupted by another. Changes only t0 to t6.
on_software:
        ld      t0, HART_ID(s0)
        slli    t0, t0, 2
        li      t1, CLINT_MSIP
        add     t0, t0, t1
        sw      zero, 0(t0)             # first: what is asked from now on interrupts again
        fence

        ld      t1, HART_BIT(s0)
        not     t2, t1
        la      t0, ipi_todo
        amoand.d.aqrl t0, t2, (t0)
        and     t0, t0, t1
        beqz    t0, 1f
        csrsi   mip, SSIP

1:      la      t0, fence_todo
        ld      t0, 0(t0)
        and     t0, t0, t1
        bnez    t0, 2f
        ret
2:      addi    sp, sp, -16
        sd      ra, 8(sp)
        call    do_fence
        ld      t1, HART_BIT(s0)
        not     t2, t1
        la      t0, fence_request
        ld      t3, FENCE_OWNER(t0)     # before the last bit is gone: then the owner may change it
        la      t0, fence_todo
        amoand.d.aqrl t0, t2, (t0)
        bne     t0, t1, 3f              # others still have to
        mv      t0, t3
        call    interrupt
3:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# interrupt(t0: a set of harts)
interrupt:
        fence                           # what they are to do must be seen before
        li      t1, CLINT_MSIP
1:      andi    t2, t0, 1
        beqz    t2, 2f
        sw      t2, 0(t1)
2:      addi    t1, t1, 4
        srli    t0, t0, 1
        bnez    t0, 1b
        ret

# do_fence(): on this hart.
do_fence:
        la      t0, fence_request
        ld      t1, FENCE_START(t0)
        ld      t2, FENCE_END(t0)
        ld      t3, FENCE_ASID(t0)
        ld      t0, FENCE_ROUTINE(t0)
        jr      t0

fence_code:
        fence.i
        ret
fence_all:
        sfence.vma
        ret
fence_pages:
        li      t4, 0x1000
1:      bgeu    t1, t2, 2f
        sfence.vma t1
        add     t1, t1, t4
        j       1b
fence_all_asid:
        sfence.vma zero, t3
2:      ret
fence_pages_asid:
        li      t4, 0x1000
1:      bgeu    t1, t2, 2b
        sfence.vma t1, t3
        add     t1, t1, t4
        j       1b

# fence_harts(a0: a set of harts, a1: routine, a2: start, a3: end, a4: ASID): returns when all have done it.
fence_harts:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      t0, MSIP                # nothing else is to wake this hart
        csrrw   s1, mie, t0

1:      ld      t1, HART_BIT(s0)        # first into the queue, then try: so nobody frees the lock unseen
        la      t0, fence_queue
        amoor.d zero, t1, (t0)
        la      t0, fence_lock
        li      t1, 1
        amoswap.d.aq t0, t1, (t0)
        beqz    t0, 2f
        wfi
        call    on_software
        j       1b

2:      ld      t1, HART_BIT(s0)
        la      t0, fence_request
        sd      a1, FENCE_ROUTINE(t0)
        sd      a2, FENCE_START(t0)
        sd      a3, FENCE_END(t0)
        sd      a4, FENCE_ASID(t0)
        sd      t1, FENCE_OWNER(t0)
        and     t0, a0, t1
        beqz    t0, 3f
        call    do_fence                # this hart can do it at once
        ld      t1, HART_BIT(s0)
3:      not     t1, t1
        and     t0, a0, t1
        beqz    t0, 5f
        la      t1, fence_todo
        fence
        sd      t0, 0(t1)
        call    interrupt
4:      la      t0, fence_todo
        ld      t0, 0(t0)
        beqz    t0, 5f
        wfi
        call    on_software
        j       4b

5:      la      t0, fence_lock
        fence
        sd      zero, 0(t0)
        fence
        la      t0, fence_queue
        amoswap.d t0, zero, (t0)
        ld      t1, HART_BIT(s0)
        not     t1, t1
        and     t0, t0, t1
        beqz    t0, 6f
        call    interrupt
6:      csrw    mie, s1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# hart_set(a0: hart_mask, a1: hart_mask_base): a0 is the set of harts, t0 zero; or t0 is 1 where one of them is
# not there. The base -1 means all.
hart_set:
        la      t0, present
        ld      t1, 0(t0)
        addi    t0, a1, 1
        beqz    t0, 2f
        li      t0, 64                  # shifts only look at six bits
        bgeu    a1, t0, 1f
        sll     t2, a0, a1
        srl     t0, t2, a1
        bne     t0, a0, 3f              # a bit was shifted out
        not     t1, t1
        and     t0, t2, t1
        bnez    t0, 3f
        mv      a0, t2
        ret                             # t0 is 0
1:      snez    t0, a0
        ret
2:      mv      a0, t1
        ret                             # t0 is 0
3:      li      t0, 1
        ret

# IPI: send_ipi(a0: hart_mask, a1: hart_mask_base)
send_ipi:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    hart_set
        bnez    t0, refuse_harts
        la      t0, ipi_todo
        amoor.d zero, a0, (t0)
        mv      t0, a0
        call    interrupt
        j       all_done

# RFENCE: the same arguments, then where pages are to be fenced a2: start, a3: size, a4: ASID.

remote_fence_i:
        la      t6, fence_code
        j       remote_fence

remote_sfence_vma:
        la      t5, fence_pages
        la      t6, fence_all
        j       remote_fence_pages

remote_sfence_vma_asid:
        srli    t0, a4, ASID_BITS
        bnez    t0, invalid_param
        la      t5, fence_pages_asid
        la      t6, fence_all_asid

# With 0 and 0, or the size -1, all pages are meant; with many it is quicker to fence all.
remote_fence_pages:
        or      t0, a2, a3
        beqz    t0, remote_fence
        li      t0, MOST_PAGES << 12
        bgtu    a3, t0, remote_fence
        add     t0, a2, a3
        bltu    t0, a2, remote_fence    # past the last address
        mv      a3, t0
        srli    a2, a2, 12              # the beginning of the first page
        slli    a2, a2, 12
        mv      t6, t5

# remote_fence(t6: routine, a2: start, a3: end, a4: ASID)
remote_fence:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    hart_set
        bnez    t0, refuse_harts
        mv      a1, t6
        call    fence_harts
all_done:
        ld      ra, 8(sp)
        addi    sp, sp, 16
        j       success
refuse_harts:
        ld      ra, 8(sp)
        addi    sp, sp, 16
        j       invalid_param

# The legacy calls have in a0 the address of a hart mask, in the kernel's address space, or 0 for all harts;
# then the arguments of the new calls, one register earlier. Bits of harts that are not there are no part of
# that mask.

legacy_clear_ipi:                       # 1 where there was one
        csrrci  a0, mip, SSIP
        srli    a0, a0, 1
        andi    a0, a0, 1
        ret

legacy_send_ipi:
        la      s1, send_ipi
        j       with_hart_mask
legacy_fence_i:
        la      s1, remote_fence_i
        j       with_hart_mask
legacy_sfence_vma:
        la      s1, remote_sfence_vma
        j       with_hart_mask
legacy_sfence_vma_asid:
        la      s1, remote_sfence_vma_asid

# with_hart_mask(a0: its address, s1: a function of the new kind)
with_hart_mask:
        mv      a4, a3                  # make room for hart_mask_base
        mv      a3, a2
        mv      a2, a1
        li      a1, -1
        beqz    a0, 1f
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      t0, STATUS_MPRV
        call    try_load
        ld      ra, 8(sp)
        addi    sp, sp, 16
        bnez    t0, 2f
        la      t0, present
        ld      t0, 0(t0)
        and     a0, a0, t0
        li      a1, 0
1:      jr      s1
2:      mv      sp, s0                  # the mask cannot be read: the kernel gets the fault, at its ecall
        j       redirect
