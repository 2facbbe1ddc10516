# The vDSO (vdso(7)): a shared library that the kernel maps into every program, so that telling the time needs no system
# call, and where signal handlers return to. The C library finds it by AT_SYSINFO_EHDR and its functions by name and
# version, as with any library; so this is a whole ELF file, laid out by hand. The page before it is the kernel's data:
#
#     0  nanoseconds from 1970 to the machine's start: what makes monotonic time wall time
#
# The machine's `time` counts units of 100 nanoseconds.

        .equ    NANOSECONDS_PER_TICK, 100
        .equ    SYS_CLOCK_GETTIME, 113
        .equ    SYS_CLOCK_GETRES, 114
        .equ    SYS_RT_SIGRETURN, 139
        .equ    SYS_GETTIMEOFDAY, 169
        .equ    SYS_HWPROBE, 258
        .equ    SYS_FLUSH_ICACHE, 259

        .text
        .globl  _start
_start:
# ELF header
        .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0
        .dword  0
        .half   3, 243                  # ET_DYN, EM_RISCV
        .word   1
        .dword  0                       # no entry
        .dword  program_headers - _start
        .dword  0                       # no sections
        .word   5                       # e_flags: RVC, double-float ABI
        .half   64, 56, 3, 64, 0, 0

program_headers:
        .word   1, 5                    # PT_LOAD, R-X
        .dword  0, 0, 0
        .dword  end - _start, end - _start, 4096
        .word   2, 4                    # PT_DYNAMIC
        .dword  dynamic - _start, dynamic - _start, dynamic - _start
        .dword  dynamic_end - dynamic, dynamic_end - dynamic, 8
        .word   0x6474e550, 4           # PT_GNU_EH_FRAME: none; unwinders know the trampoline by its code
        .dword  0, 0, 0, 0, 0, 8

dynamic:
        .dword  4, hash - _start        # DT_HASH
        .dword  5, strings - _start     # DT_STRTAB
        .dword  6, symbols - _start     # DT_SYMTAB
        .dword  10, strings_end - strings
        .dword  11, 24                  # DT_SYMENT
        .dword  14, soname - strings    # DT_SONAME
        .dword  0x6ffffff0, versions - _start
        .dword  0x6ffffffc, definitions - _start
        .dword  0x6ffffffd, 2           # DT_VERDEFNUM
        .dword  0, 0
dynamic_end:

# One bucket: every symbol is in its chain.
hash:
        .word   1, 8
        .word   1
        .word   0, 2, 3, 4, 5, 6, 7, 0

        .balign 8
symbols:                                # name, STT_FUNC of STB_GLOBAL, section (any but 0), address, size
        .zero   24
        .word   name_gettime - strings
        .byte   0x12, 0
        .half   1
        .dword  clock_gettime - _start, gettimeofday - clock_gettime
        .word   name_timeofday - strings
        .byte   0x12, 0
        .half   1
        .dword  gettimeofday - _start, clock_getres - gettimeofday
        .word   name_getres - strings
        .byte   0x12, 0
        .half   1
        .dword  clock_getres - _start, getcpu - clock_getres
        .word   name_getcpu - strings
        .byte   0x12, 0
        .half   1
        .dword  getcpu - _start, flush_icache - getcpu
        .word   name_flush - strings
        .byte   0x12, 0
        .half   1
        .dword  flush_icache - _start, hwprobe - flush_icache
        .word   name_hwprobe - strings
        .byte   0x12, 0
        .half   1
        .dword  hwprobe - _start, rt_sigreturn - hwprobe
        .word   name_sigreturn - strings
        .byte   0x12, 0
        .half   1
        .dword  rt_sigreturn - _start, end - rt_sigreturn

versions:                               # of each symbol: version 2
        .half   0, 2, 2, 2, 2, 2, 2, 2

definitions:                            # Elf64_Verdef: the file's own name, then the version of Linux that has these
        .half   1, 1, 1, 1
        .word   0x0deebfa1, 20, 28      # elf_hash("linux-vdso.so.1")
        .word   soname - strings, 0
        .half   1, 0, 2, 1
        .word   0x0ae77f75, 20, 0       # elf_hash("LINUX_4.15")
        .word   version - strings, 0

strings:
        .byte   0
soname: .asciz  "linux-vdso.so.1"
version:
        .asciz  "LINUX_4.15"
name_gettime:
        .asciz  "__vdso_clock_gettime"
name_timeofday:
        .asciz  "__vdso_gettimeofday"
name_getres:
        .asciz  "__vdso_clock_getres"
name_getcpu:
        .asciz  "__vdso_getcpu"
name_flush:
        .asciz  "__vdso_flush_icache"
name_hwprobe:
        .asciz  "__vdso_riscv_hwprobe"
name_sigreturn:
        .asciz  "__vdso_rt_sigreturn"
strings_end:

        .balign 16
# int clock_gettime(clockid_t clock, struct timespec *time)
clock_gettime:
        li      t0, 8
        bgeu    a0, t0, 1f
        li      t0, 0xf3                # REALTIME, MONOTONIC, MONOTONIC_RAW, both COARSE, BOOTTIME: 0, 1, 4 to 7
        srl     t0, t0, a0
        andi    t0, t0, 1
        beqz    t0, 1f
        rdtime  t0
        li      t1, NANOSECONDS_PER_TICK
        mul     t0, t0, t1
        beqz    a0, 2f
        li      t1, 5                   # CLOCK_REALTIME_COARSE
        bne     a0, t1, 3f
2:      lla     t1, _start
        li      t2, 4096
        sub     t1, t1, t2
        ld      t1, 0(t1)
        add     t0, t0, t1
3:      li      t1, 1000000000
        divu    t2, t0, t1
        remu    t0, t0, t1
        sd      t2, 0(a1)
        sd      t0, 8(a1)
        li      a0, 0
        ret
1:      li      a7, SYS_CLOCK_GETTIME
        ecall
        ret

# int gettimeofday(struct timeval *time, struct timezone *zone)
gettimeofday:
        bnez    a1, 1f
        beqz    a0, 1f
        rdtime  t0
        li      t1, NANOSECONDS_PER_TICK
        mul     t0, t0, t1
        lla     t1, _start
        li      t2, 4096
        sub     t1, t1, t2
        ld      t1, 0(t1)
        add     t0, t0, t1
        li      t1, 1000
        divu    t0, t0, t1
        li      t1, 1000000
        divu    t2, t0, t1
        remu    t0, t0, t1
        sd      t2, 0(a0)
        sd      t0, 8(a0)
        li      a0, 0
        ret
1:      li      a7, SYS_GETTIMEOFDAY
        ecall
        ret

clock_getres:
        li      a7, SYS_CLOCK_GETRES
        ecall
        ret

# int getcpu(unsigned *cpu, unsigned *node): there is one hart
getcpu:
        beqz    a0, 1f
        sw      zero, 0(a0)
1:      beqz    a1, 2f
        sw      zero, 0(a1)
2:      li      a0, 0
        ret

flush_icache:
        li      a7, SYS_FLUSH_ICACHE
        ecall
        ret

hwprobe:
        li      a7, SYS_HWPROBE
        ecall
        ret

# Where signal handlers return to: unwinders know these two instructions, uncompressed.
        .option push
        .option norvc
        .balign 4
rt_sigreturn:
        li      a7, SYS_RT_SIGRETURN
        ecall
        .option pop
end:
