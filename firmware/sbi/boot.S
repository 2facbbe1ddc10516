# The machine's own firmware: the Supervisor Binary Interface (SBI), version 2.0, for up to eight harts.
#
# It stays at the bottom of RAM, in machine mode (M-mode), below any kernel that runs in supervisor mode
# (S-mode), and does for it what only M-mode can: set the timer, interrupt other harts, start and stop
# them, print before there is a driver, switch off. The kernel asks by `ecall`.
#
#     boot.S      this file: memory, from reset to the kernel, and where stopped harts wait
#     trap.S      every way into M-mode and back
#     calls.S     which function a call means; the extensions that need few lines
#     console.S   the console: DBCN and the legacy calls
#     fences.S    interrupts and fences on other harts: IPI, RFENCE and the legacy calls
#     harts.S     hart state management: HSM
#
# The build joins these files in the order of their names. Section numbers and names of error codes are
# those of the RISC-V SBI Specification.
#
# Conventions, but for `_start` and `on_trap`:
#   - s0 is this hart's record (below), sp its stack, which grows down from the record;
#   - functions may change t0 to t6, a0 to a7 and s1;
#   - the function of an SBI call gets a0 to a5 and a6 as the kernel gave them, and returns an error in
#     a0 and a value in a1. It ends with `ret` or in one of the endings in calls.S (`j invalid_param`).

        .equ    FIRMWARE, 0x80000000    # our memory: nobody but M-mode may touch it
        .equ    FIRMWARE_SIZE, 0x20000
        .equ    KERNEL, 0x80200000      # the next stage where nobody says another address
        .equ    MAX_HARTS, 8

# The devices, as on QEMU's virt board.
        .equ    SYSCON, 0x100000
        .equ    CLINT_MSIP, 0x2000000   # a word a hart: its software interrupt
        .equ    CLINT_MTIMECMP, 0x2004000 # a double word a hart: when its M-mode timer interrupts
        .equ    UART, 0x10000000

# Bits of mie and mip: interrupt n is bit n. S-mode's are software 1, timer 5, external 9.
        .equ    SSIP, 1 << 1
        .equ    MSIP, 1 << 3
        .equ    SUPERVISOR_INTERRUPTS, 1 << 1 | 1 << 5 | 1 << 9

# Fields of mstatus.
        .equ    STATUS_SIE, 1 << 1
        .equ    STATUS_SPIE, 1 << 5
        .equ    STATUS_SPP, 1 << 8
        .equ    STATUS_MPP, 3 << 11
        .equ    STATUS_MPP_S, 1 << 11
        .equ    STATUS_FS_INITIAL, 1 << 13
        .equ    STATUS_MPRV, 1 << 17

        .equ    MENVCFG_STCE, 1 << 63

# Exceptions that go to S-mode by themselves: misaligned fetch 0, breakpoint 3, call from U-mode 8, page
# faults 12, 13 and 15. The others but 9, the SBI call, are handed on by `redirect`.
        .equ    DELEGATED, 1 << 0 | 1 << 3 | 1 << 8 | 1 << 12 | 1 << 13 | 1 << 15

# A hart's record. First what a trap saves; a function of a call finds its caller's registers there.
        .equ    SAVED_RA, 0
        .equ    SAVED_SP, 8
        .equ    SAVED_PC, 16
        .equ    SAVED_S0, 24
        .equ    SAVED_S1, 32
        .equ    SAVED_A0, 40            # to a7: 8 bytes each
        .equ    SAVED_A1, 48
        .equ    SAVED_T0, 104           # to t6
        .equ    HART_ID, 160
        .equ    HART_BIT, 168           # 1 << HART_ID
        .equ    HART_START, 176         # where to start; 0 while nobody has asked for it
        .equ    HART_OPAQUE, 184        # what to give the kernel there, in a1
        .equ    RECORD_SIZE, 192
        .equ    AREA_SHIFT, 10          # stack and record: 1 KiB a hart
        .equ    AREA_SIZE, 1 << AREA_SHIFT

# States of a hart (HSM). Those in between that are not here would never be seen: nothing takes time.
        .equ    STARTED, 0
        .equ    STOPPED, 1
        .equ    START_PENDING, 2
        .equ    SUSPENDED, 4

# What a loader may tell in a2, as OpenSBI's fw_dynamic has it: double words.
        .equ    INFO_MAGIC, 0           # "OSBI"
        .equ    INFO_NEXT, 16           # address of the next stage

        .bss
        .balign 16
areas:                                  # of the harts, by number
        .space  MAX_HARTS * AREA_SIZE
present:                                # the harts that there are: bit n for hart n
        .space  8

        .text
        .globl  _start

# Every hart starts here after reset: a1 is the address of the device tree, a2 that of the information
# above or 0.
_start:
        csrr    a0, mhartid
        li      t0, MAX_HARTS
        bgeu    a0, t0, halt
        la      s0, areas + AREA_SIZE - RECORD_SIZE
        slli    t0, a0, AREA_SHIFT
        add     s0, s0, t0
        mv      sp, s0
        sd      a0, HART_ID(s0)
        li      t0, 1
        sll     t0, t0, a0
        sd      t0, HART_BIT(s0)

        la      t0, on_trap
        csrw    mtvec, t0
        csrw    mscratch, s0
        csrw    mip, zero
        li      t0, MSIP                # our own interrupt is always on
        csrw    mie, t0
        li      t0, MENVCFG_STCE        # S-mode has a timer of its own (Sstc)
        csrw    menvcfg, t0
        li      t0, -1
        csrw    stimecmp, t0
        li      t0, DELEGATED
        csrw    medeleg, t0
        li      t0, SUPERVISOR_INTERRUPTS
        csrw    mideleg, t0
        li      t0, 7                   # cycle, time and instret are for everybody
        csrw    mcounteren, t0
        csrw    scounteren, t0

# Physical memory protection: entry 0 closes our memory to S-mode and U-mode, entry 1 opens everything
# else. Both are of the kind NAPOT (3 << 3): the ones at the end of the address say how large.
        li      t0, FIRMWARE >> 2 | (FIRMWARE_SIZE >> 3) - 1
        csrw    pmpaddr0, t0
        li      t0, -1
        csrw    pmpaddr1, t0
        li      t0, 0x1f18              # entry 1: 0x1f, may read, write, execute; entry 0: 0x18, nothing
        csrw    pmpcfg0, t0
        sfence.vma

        bnez    a0, stopped             # hart 0 boots; the kernel starts the others (HSM)

# A hart exists if its M-mode timer, which nobody uses, can be set.
        li      t0, CLINT_MTIMECMP
        li      t1, -1
        li      t2, 1
        li      t3, 1 << MAX_HARTS
        li      t4, 0
1:      sd      t1, 0(t0)
        ld      t5, 0(t0)
        beqz    t5, 2f
        or      t4, t4, t2
2:      addi    t0, t0, 8
        slli    t2, t2, 1
        bne     t2, t3, 1b
        la      t0, present
        sd      t4, 0(t0)

        call    console_init

        li      a0, KERNEL
        beqz    a2, enter_supervisor
        ld      t0, INFO_MAGIC(a2)
        li      t1, 0x4942534f
        bne     t0, t1, enter_supervisor
        ld      a0, INFO_NEXT(a2)
        j       enter_supervisor

# A hart that the kernel has not started, or has stopped. It sleeps until another hart asks it to start,
# and does the fences that others ask for: nobody has to know whom to leave out.
stopped:
        li      t0, STOPPED
        call    set_state
1:      wfi
        call    on_software
        addi    t0, s0, HART_START
        amoswap.d.aq a0, zero, (t0)
        beqz    a0, 1b
        csrw    mip, zero               # what came for the kernel before it stopped is not for the new one
        ld      a1, HART_OPAQUE(s0)

# enter_supervisor(a0: an address, a1: any): the kernel runs there in S-mode with the hart's number in a0,
# interrupts off and no address translation. The rest is as after reset.
enter_supervisor:
        li      t0, STATUS_MPP_S | STATUS_FS_INITIAL
        csrw    mstatus, t0
        csrw    mepc, a0
        csrw    stvec, a0
        csrw    sscratch, zero
        csrw    sie, zero
        csrw    satp, zero
        sfence.vma
        fence.i
        li      t0, STARTED
        call    set_state
        ld      a0, HART_ID(s0)
        mret

halt:   wfi
        j       halt
