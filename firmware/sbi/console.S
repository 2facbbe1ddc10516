# The console: a 16550 UART, whose registers are a byte each.

        .equ    UART_DATA, 0            # read: received byte; write: byte to send
        .equ    UART_INTERRUPTS, 1      # enabled ones
        .equ    UART_FIFO, 2
        .equ    UART_LINE, 3
        .equ    UART_STATUS, 5
        .equ    FIFO_ON, 1
        .equ    LINE_8N1, 3             # eight bits, no parity, one stop bit
        .equ    RECEIVED, 1 << 0        # a byte can be read
        .equ    SENDABLE, 1 << 5        # a byte can be sent

        .text

console_init:
        li      t0, UART
        sb      zero, UART_INTERRUPTS(t0)
        li      t1, LINE_8N1
        sb      t1, UART_LINE(t0)
        li      t1, FIFO_ON
        sb      t1, UART_FIFO(t0)
        ret

# put_byte(a0): sends it as soon as the UART can.
put_byte:
        li      t0, UART
1:      lbu     t1, UART_STATUS(t0)
        andi    t1, t1, SENDABLE
        beqz    t1, 1b
        sb      a0, UART_DATA(t0)
        ret

# DBCN: console_write(a0: how many bytes, a1: address, a2: bits of the address above 64): sends as many as the
# UART takes without waiting, and returns how many.
console_write:
        beqz    a0, success
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    buffer
        ld      ra, 8(sp)
        addi    sp, sp, 16
        bnez    t0, invalid_param
        li      t0, UART
1:      lbu     t1, UART_STATUS(t0)
        andi    t1, t1, SENDABLE
        beqz    t1, 2f
        lbu     t1, 0(a0)
        sb      t1, UART_DATA(t0)
        addi    a0, a0, 1
        bne     a0, a2, 1b
2:      sub     a1, a0, a1
        j       success_value

# console_read(the same): takes as many bytes as have come and have room, and returns how many.
console_read:
        beqz    a0, success
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    buffer
        ld      ra, 8(sp)
        addi    sp, sp, 16
        bnez    t0, invalid_param
        li      t0, UART
1:      lbu     t1, UART_STATUS(t0)
        andi    t1, t1, RECEIVED
        beqz    t1, 2f
        lbu     t1, UART_DATA(t0)
        sb      t1, 0(a0)
        addi    a0, a0, 1
        bne     a0, a2, 1b
2:      sub     a1, a0, a1
        j       success_value

# buffer(a0: bytes, a1: address, a2: its upper half): t0 is 0 where that is RAM; then a0 and a1 are its
# beginning and a2 its end.
buffer:
        mv      t0, a2
        bnez    t0, 1f
        mv      t0, a0
        mv      a0, a1
        mv      a1, t0
        add     a2, a0, a1
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    is_ram
        ld      ra, 8(sp)
        addi    sp, sp, 16
        mv      a1, a0
1:      ret

# console_write_byte(a0: the byte, bits 7 to 0)
console_write_byte:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    put_byte
        ld      ra, 8(sp)
        addi    sp, sp, 16
        j       success

# Legacy.

legacy_putchar:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    put_byte
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

# The byte, or -1 where none has come.
legacy_getchar:
        li      t0, UART
        lbu     t1, UART_STATUS(t0)
        andi    t1, t1, RECEIVED
        li      a0, -1
        beqz    t1, 1f
        lbu     a0, UART_DATA(t0)
1:      ret
