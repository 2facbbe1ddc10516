# Every pseudo-instruction and operand form, for GNU as and for us.
        .option norvc
        .text
        .globl _start
_start: nop
        li a0, 0; li a1, -1; li a2, 2047; li a3, -2048; li a4, 2048; li a5, -2049
        li a0, 0x7fffffff
        li a0, -0x80000000
        li a0, 0x80000000
        li a0, 0xffffffff
        li a0, 0x7ffff800
        li a0, 0x123456789abcdef0
        li a0, -0x123456789abcdef0
        li a0, 0x8000000000000000
        li a0, 0x7fffffffffffffff
        li a0, 0xffffffff00000000
        li a0, 0x00ff00ff00ff00ff
        li a0, 1 << 40
        li a0, 'A'
        mv a0, a1; move a0, a1; not a0, a1; neg a0, a1; negw a0, a1; sext.w a0, a1
        zext.b a0, a1; zext.h a0, a1; zext.w a0, a1; sext.b a0, a1; sext.h a0, a1
        seqz a0, a1; snez a0, a1; sltz a0, a1; sgtz a0, a1
        sgt a0, a1, a2; sgtu a0, a1, a2
        add a0, a1, 5; and a0, a1, 5; or a0, a1, 5; xor a0, a1, 5; sll a0, a1, 5; srl a0, a1, 5
        sra a0, a1, 5; addw a0, a1, 5; sllw a0, a1, 5; srlw a0, a1, 5; sraw a0, a1, 5; slt a0, a1, 5
        sltu a0, a1, 5; ror a0, a1, 5; rorw a0, a1, 5; bset a0, a1, 5; bclr a0, a1, 5; binv a0, a1, 5
        bext a0, a1, 5

1:      beqz a0, 1b; bnez a0, 1b; blez a0, 1b; bgez a0, 1b; bltz a0, 1b; bgtz a0, 1b
        bgt a0, a1, 1f; ble a0, a1, 1f; bgtu a0, a1, 1f; bleu a0, a1, 1f
        beq a0, a1, 1f; bne a0, a1, 1f; blt a0, a1, 1f; bge a0, a1, 1f; bltu a0, a1, 1f; bgeu a0, a1, 1f
1:      j 1b; jal 1b; jal a0, 1f; jr a0; jr 8(a0); jr a0, 8; jalr a0; jalr 8(a0); jalr a1, a0
        jalr a1, 8(a0); jalr a1, a0, 8; jalr a0, 8; ret
1:      call far; call t0, far; tail far; jump far, t2

        la a0, value; lla a0, value
        lb a0, value; lh a0, value; lw a0, value; ld a0, value; lbu a0, value; lhu a0, value; lwu a0, value
        sb a0, value, t0; sh a0, value, t0; sw a0, value, t0; sd a0, value, t0
        flw fa0, value, t0; fld fa0, value, t0; fsw fa0, value, t0; fsd fa0, value, t0
        lw a0, (a1); sw a0, (a1); lw a0, 4 + 4(a1); lw a0, (4 + 4)(a1)
        lui a0, %hi(value); addi a0, a0, %lo(value); lw a0, %lo(value)(a0); sw a0, %lo(value)(a0)
2:      auipc a1, %pcrel_hi(value + 8)
        addi a2, a1, %pcrel_lo(2b)
        ld a2, %pcrel_lo(2b)(a1)
        sd a2, %pcrel_lo(2b)(a1)
        lui a0, 0xfffff; auipc a0, 0

        csrr a0, mstatus; csrw mstatus, a0; csrs mie, a0; csrc mie, a0; csrwi mie, 3; csrsi mie, 3
        csrci mie, 3; csrw mie, 3; csrs mie, 3; csrc mie, 3; csrrw a0, mie, 3; csrrs a0, mie, 3
        csrrc a0, mie, 3; csrr a0, 0x7c0; csrrw a0, pmpaddr63, a1; csrrwi a0, hpmcounter31, 31
        rdcycle a0; rdtime a0; rdinstret a0; frcsr a0; fscsr a0; fscsr a0, a1; frrm a0; fsrm a0
        fsrm a0, a1; fsrmi 3; fsrmi a0, 3; frflags a0; fsflags a0; fsflags a0, a1; fsflagsi 3; fsflagsi a0, 3

        fmv.s fa0, fa1; fabs.s fa0, fa1; fneg.s fa0, fa1; fmv.d fa0, fa1; fabs.d fa0, fa1; fneg.d fa0, fa1
        fgt.s a0, fa1, fa2; fge.s a0, fa1, fa2; fgt.d a0, fa1, fa2; fge.d a0, fa1, fa2
        fmv.x.s a0, fa0; fmv.s.x fa0, a0
        fadd.s fa0, fa1, fa2, rne; fadd.s fa0, fa1, fa2, rtz; fsub.d fa0, fa1, fa2, rdn
        fmul.d fa0, fa1, fa2, rup; fdiv.s fa0, fa1, fa2, rmm; fsqrt.d fa0, fa1, dyn; fsqrt.d fa0, fa1
        fmadd.s fa0, fa1, fa2, fa3, rtz; fnmsub.d fa0, fa1, fa2, fa3
        fcvt.w.s a0, fa0, rtz; fcvt.w.s a0, fa0; fcvt.d.l fa0, a0, rup; fcvt.s.d fa0, fa1; fcvt.d.s fa0, fa1

        lr.w a0, (a1); lr.d.aq a0, 0(a1); lr.w.aqrl a0, (a1); sc.w.rl a0, a2, (a1); sc.d a0, a2, 0(a1)
        amoadd.w a0, a2, (a1); amoswap.d.aqrl a0, a2, 0(a1); amomaxu.w.aq a0, a2, (a1)
        fence; fence rw, w; fence iorw, o; fence r, rw; fence.i; fence.tso; pause
        sfence.vma; sfence.vma a0; sfence.vma a0, a1; ecall; ebreak; mret; sret; wfi; unimp; scall; sbreak

        # A branch that is too far, one at the last reachable place, one backward.
near:   beq a0, a1, far
        bltu a0, a1, near
        bgez a0, far
        .space 4096 - (. - near)
        bne a0, a1, near
        .space 4096
        bge a0, a1, near
        bne a0, a1, far
far:    ret

        .option push
        .option rvc
        addi a0, a0, 1; li a0, 5; lw a0, 0(a1); sd s0, 8(sp); mv a0, a1; add a0, a0, a1; ret; nop
        sub s0, s0, s1; addiw a0, a0, -1; slli a0, a0, 3; andi s0, s0, 7; lui a0, 1; addi sp, sp, -32
        c.nop; c.addi a0, 1; c.lwsp a0, 4(sp); c.sdsp s0, 8(sp); c.addi4spn a0, sp, 16; c.addi16sp sp, 32
        c.lui a0, 0xfffff; c.srli64 s0; c.ebreak; c.jr a0; c.jalr a0
3:      c.j 3b; c.beqz s0, 3b; c.bnez s0, 3b
        .balign 8
        .option pop
        addi a0, a0, 1

        .data
        .balign 8
value:  .dword 1, 2
