# Which function an SBI call means, and the extensions Base, TIME and SRST.

# Extensions (EID), by a7.
        .equ    EID_BASE, 0x10
        .equ    EID_TIME, 0x54494d45    # "TIME"
        .equ    EID_IPI, 0x735049       # "sPI"
        .equ    EID_RFENCE, 0x52464e43  # "RFNC"
        .equ    EID_HSM, 0x48534d       # "HSM"
        .equ    EID_SRST, 0x53525354    # "SRST"
        .equ    EID_DBCN, 0x4442434e    # "DBCN"
        .equ    LEGACY_CALLS, 9         # EIDs 0 to 8 are one function each

# Errors.
        .equ    ERR_NOT_SUPPORTED, -2
        .equ    ERR_INVALID_PARAM, -3
        .equ    ERR_INVALID_ADDRESS, -5
        .equ    ERR_ALREADY_AVAILABLE, -6

        .equ    SPEC_VERSION, 2 << 24   # 2.0
        .equ    IMPLEMENTATION, 0x524b  # "RK": not among the numbers that the specification lists
        .equ    IMPLEMENTATION_VERSION, 1

# What the syscon does when a word is written to it.
        .equ    SYSCON_OFF, 0x5555
        .equ    SYSCON_FAILURE, 0x3333 | 1 << 16 # off, with exit code 1
        .equ    SYSCON_REBOOT, 0x7777

        .section .rodata
        .balign 8
extensions:                             # EID, how many functions, their table
        .dword  EID_BASE, 7, base_functions
        .dword  EID_TIME, 1, time_functions
        .dword  EID_IPI, 1, ipi_functions
        .dword  EID_RFENCE, 3, rfence_functions
        .dword  EID_HSM, 4, hsm_functions
        .dword  EID_SRST, 1, srst_functions
        .dword  EID_DBCN, 3, dbcn_functions
extensions_end:
base_functions:
        .dword  get_spec_version, get_impl_id, get_impl_version, probe_extension
        .dword  get_mvendorid, get_marchid, get_mimpid
time_functions:
        .dword  set_timer
ipi_functions:
        .dword  send_ipi
rfence_functions:                       # the rest of RFENCE is for hypervisors
        .dword  remote_fence_i, remote_sfence_vma, remote_sfence_vma_asid
hsm_functions:
        .dword  hart_start, hart_stop, hart_get_status, hart_suspend
srst_functions:
        .dword  system_reset
dbcn_functions:
        .dword  console_write, console_read, console_write_byte
legacy_functions:
        .dword  set_timer, legacy_putchar, legacy_getchar, legacy_clear_ipi, legacy_send_ipi
        .dword  legacy_fence_i, legacy_sfence_vma, legacy_sfence_vma_asid, legacy_shutdown

        .text

# A call from S-mode, its registers still in place but for t0 to t6.
on_call:
        li      t0, LEGACY_CALLS
        bltu    a7, t0, on_legacy_call
        mv      t0, a7
        call    find_extension
        beqz    t0, 1f
        ld      t1, 8(t0)
        bgeu    a6, t1, 1f
        ld      t0, 16(t0)
        slli    t1, a6, 3
        add     t0, t0, t1
        ld      t0, 0(t0)
        jalr    t0
        j       2f
1:      call    not_supported
2:      sd      a1, SAVED_A1(s0)
done:   sd      a0, SAVED_A0(s0)
        ld      t0, SAVED_PC(s0)        # go on behind the ecall
        addi    t0, t0, 4
        sd      t0, SAVED_PC(s0)
        j       resume

# The old way has no FID and leaves a1 alone.
on_legacy_call:
        la      t0, legacy_functions
        slli    t1, a7, 3
        add     t0, t0, t1
        ld      t0, 0(t0)
        jalr    t0
        j       done

# find_extension(t0: EID): t0 is the address of its entry in the table, 0 where there is none.
find_extension:
        la      t1, extensions
        la      t2, extensions_end
1:      ld      t3, 0(t1)
        beq     t3, t0, 2f
        addi    t1, t1, 24
        bne     t1, t2, 1b
        li      t1, 0
2:      mv      t0, t1
        ret

# How functions of calls end.
success:
        li      a1, 0
success_value:                          # the value is in a1
        li      a0, 0
        ret
not_supported:
        li      a0, ERR_NOT_SUPPORTED
        li      a1, 0
        ret
invalid_param:
        li      a0, ERR_INVALID_PARAM
        li      a1, 0
        ret
invalid_address:
        li      a0, ERR_INVALID_ADDRESS
        li      a1, 0
        ret

# is_ram(a0: an address, a1: bytes, at least 1): t0 is 0 where all of them are RAM that the kernel may use.
# RAM is one piece, and ours is at its beginning: what begins behind us and ends in RAM is in it.
is_ram:
        li      t0, FIRMWARE + FIRMWARE_SIZE
        bltu    a0, t0, 1f
        add     t0, a0, a1
        addi    t0, t0, -1              # the last byte
        bltu    t0, a0, 1f              # past the end of all addresses
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        andi    a0, t0, -8
        li      t0, 0
        call    try_load
        ld      a0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
1:      li      t0, 1
        ret

# Base: what there is.

get_spec_version:
        li      a1, SPEC_VERSION
        j       success_value
get_impl_id:
        li      a1, IMPLEMENTATION
        j       success_value
get_impl_version:
        li      a1, IMPLEMENTATION_VERSION
        j       success_value
get_mvendorid:
        csrr    a1, mvendorid
        j       success_value
get_marchid:
        csrr    a1, marchid
        j       success_value
get_mimpid:
        csrr    a1, mimpid
        j       success_value

# probe_extension(a0: EID): 1 where it is there.
probe_extension:
        sltiu   a1, a0, LEGACY_CALLS
        bnez    a1, success_value
        addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      t0, a0
        call    find_extension
        ld      ra, 8(sp)
        addi    sp, sp, 16
        snez    a1, t0
        j       success_value

# TIME: set_timer(a0: time): an S-mode timer interrupt when the time CSR reaches it, none before.
set_timer:
        csrw    stimecmp, a0
        j       success

# SRST: system_reset(a0: type, a1: reason), both 32 bits: 0 shutdown, 1 cold and 2 warm reboot, which are the
# same here; reason 0 none, 1 system failure.
legacy_shutdown:
        li      a0, 0
        li      a1, 0
system_reset:
        slli    a0, a0, 32              # only the low halves count
        srli    a0, a0, 32
        slli    a1, a1, 32
        srli    a1, a1, 32
        li      t0, 2
        bgtu    a0, t0, invalid_param
        li      t0, 1
        bgtu    a1, t0, invalid_param
        li      t1, SYSCON_REBOOT
        bnez    a0, 1f
        li      t1, SYSCON_OFF
        beqz    a1, 1f
        li      t1, SYSCON_FAILURE
1:      li      t0, SYSCON
        sw      t1, 0(t0)
        j       halt
