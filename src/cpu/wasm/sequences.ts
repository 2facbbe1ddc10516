/**
 * Instructions that often follow each other: each line has a common handler (`fusion.ts`). A name's ending is its
 * length in bytes. Chosen by `bench/sequences.ts` from what busybox and the benchmark programs execute: greedily, each
 * time the sequence that saves most dispatches.
 */
export const SEQUENCES: readonly string[] = `
  add/2 add/2
  add/2 add/2 add/2
  add/2 add/2 add/2 add/2
  add/2 add/4
  add/2 addi/2
  add/2 addi/2 andi/4
  add/2 addi/4
  add/2 addi/4 add/2
  add/2 addiw/4
  add/2 addw/4
  add/2 andi/4 addi/2 bltu/4
  add/2 auipc/4
  add/2 beq/2
  add/2 beq/4
  add/2 bge/4
  add/2 bgeu/4
  add/2 blt/4
  add/2 bltu/4
  add/2 bne/2
  add/2 bne/2 add/2 beq/2
  add/2 bne/4
  add/2 jal/2
  add/2 jal/4
  add/2 jalr/2
  add/2 lbu/4
  add/2 ld/2
  add/2 ld/2 addi/2 jalr/2
  add/2 ld/4
  add/2 lhu/4
  add/2 lw/2
  add/2 lw/2 add/2 jalr/2
  add/2 lw/4
  add/2 sb/4
  add/2 sd/2
  add/2 sd/4
  add/2 sh/4 sh/4 sw/4
  add/2 slli/2
  add/2 srli/4
  add/2 sub/4
  add/2 sw/2
  add/2 sw/4
  add/4 add/2
  add/4 add/4 lbu/4
  add/4 add/4 lbu/4 bne/4
  add/4 addi/2
  add/4 bgeu/4 andi/4 sub/4
  add/4 lbu/4
  add/4 sb/4 add/2 bltu/4
  add/4 sub/2 sb/4
  add/4 xori/4 and/2 and/2
  addi/2 add/2
  addi/2 add/4
  addi/2 addi/2
  addi/2 addi/4
  addi/2 addiw/2
  addi/2 addiw/4
  addi/2 addw/2 addw/2
  addi/2 addw/4 lwu/4 addi/2
  addi/2 andi/4
  addi/2 auipc/4
  addi/2 beq/2
  addi/2 beq/4
  addi/2 bge/4
  addi/2 bgeu/4
  addi/2 blt/4
  addi/2 bltu/4
  addi/2 bltu/4 auipc/4 addi/4
  addi/2 bne/2
  addi/2 bne/4
  addi/2 fld/2
  addi/2 jal/2
  addi/2 jal/4
  addi/2 jalr/2
  addi/2 lbu/4
  addi/2 lbu/4 add/4
  addi/2 lbu/4 add/4 sub/2
  addi/2 ld/2
  addi/2 ld/2 jal/2
  addi/2 ld/4
  addi/2 lui/2
  addi/2 lw/2
  addi/2 sb/4
  addi/2 sd/2
  addi/2 sd/2 sd/2
  addi/2 sd/2 sd/2 sd/2
  addi/2 sd/4
  addi/2 slli/2
  addi/2 slli/2 addi/4 add/2
  addi/2 slli/4
  addi/2 sw/2
  addi/2 sw/4
  addi/4 add/2
  addi/4 add/2 ld/4
  addi/4 add/2 ld/4 sd/4
  addi/4 add/4
  addi/4 addi/2
  addi/4 addi/4
  addi/4 and/2 lui/2 or/2
  addi/4 auipc/4
  addi/4 beq/2
  addi/4 beq/4
  addi/4 beq/4 add/2
  addi/4 beq/4 add/2 andi/4
  addi/4 beq/4 andi/4 bne/4
  addi/4 beq/4 lbu/4 bne/2
  addi/4 bgeu/4
  addi/4 bltu/4
  addi/4 bltu/4 slli/2
  addi/4 bltu/4 slli/2 add/2
  addi/4 bne/4
  addi/4 jal/2
  addi/4 jal/4
  addi/4 jalr/2
  addi/4 lbu/4
  addi/4 ld/2
  addi/4 ld/4
  addi/4 sb/4
  addi/4 sd/2
  addi/4 sd/4
  addi/4 slli/2
  addi/4 sw/2
  addiw/2 add/2
  addiw/2 addi/2
  addiw/2 addi/4
  addiw/2 addi/4 beq/4 lbu/4
  addiw/2 addi/4 jal/2
  addiw/2 addiw/2
  addiw/2 addw/2 addiw/2 bltu/4
  addiw/2 andi/4 subw/4
  addiw/2 bne/2
  addiw/2 bne/4
  addiw/2 fld/2
  addiw/2 jal/2
  addiw/2 ld/2
  addiw/2 mulw/4 sltu/4 and/2
  addiw/2 sw/2
  addiw/4 add/2
  addiw/4 add/2 beq/4
  addiw/4 addi/2
  addiw/4 addiw/4
  addiw/4 addiw/4 addiw/4 addiw/4
  addiw/4 andi/2 addw/2 addw/4
  addiw/4 andi/4
  addiw/4 lw/2 srliw/4
  addiw/4 sb/4 bne/4 bge/4
  addw/4 addw/4
  addw/4 addw/4 add/2 add/2
  addw/4 jal/2
  addw/4 mulw/4 srliw/4
  addw/4 xor/2 and/2 addw/4
  and/2 addiw/2 sw/4 addw/4
  and/2 or/2 lui/4 slliw/4
  and/2 slli/2 add/2
  and/4 addw/2 xor/2
  and/4 and/4 xor/4 addw/4
  andi/2 beq/2
  andi/2 bne/2
  andi/4 add/2
  andi/4 addi/2
  andi/4 addi/2 bltu/4
  andi/4 addiw/2 or/4 bne/2
  andi/4 beq/2
  andi/4 beq/2 andi/4 sub/4
  andi/4 beq/4
  andi/4 bltu/4
  andi/4 bne/2
  andi/4 bne/4
  andi/4 slliw/4 addi/4
  auipc/4 addi/4
  auipc/4 addi/4 slli/2
  auipc/4 addi/4 slli/2 add/2
  auipc/4 jalr/4
  auipc/4 ld/4
  auipc/4 lw/4
  beq/2 add/2
  beq/2 addi/2
  beq/2 addi/2 beq/2 ld/2
  beq/2 addi/2 bne/4
  beq/2 addi/4
  beq/2 andi/4 addi/2
  beq/2 andi/4 addi/2 bne/4
  beq/2 auipc/4
  beq/2 beq/4
  beq/2 jal/4
  beq/2 lbu/4
  beq/2 ld/2
  beq/2 ld/4
  beq/2 lw/2
  beq/2 sd/2
  beq/4 add/2
  beq/4 addi/2
  beq/4 addi/4
  beq/4 addiw/4 addiw/4 andi/4
  beq/4 auipc/4
  beq/4 beq/4
  beq/4 bne/4
  beq/4 jal/2
  beq/4 jal/4
  beq/4 lbu/4
  beq/4 ld/2
  beq/4 ld/4
  beq/4 lw/2
  beq/4 lw/4
  beq/4 sd/2
  bge/4 add/2
  bge/4 addi/2
  bge/4 ld/2
  bgeu/4 add/2
  bgeu/4 addi/2
  bgeu/4 addi/2 ld/2 bne/4
  bgeu/4 addi/4
  bgeu/4 ld/2
  bgeu/4 sd/2 jal/2
  blt/4 add/2
  blt/4 addi/2
  blt/4 ld/2
  bltu/4 add/2
  bltu/4 addi/2
  bltu/4 addi/4
  bltu/4 addiw/2 blt/4
  bltu/4 ld/2
  bltu/4 lui/2
  bne/2 add/2
  bne/2 addi/2
  bne/2 addi/4
  bne/2 addiw/2
  bne/2 auipc/4
  bne/2 jal/2
  bne/2 jal/4
  bne/2 lbu/4
  bne/2 lbu/4 beq/2 add/2
  bne/2 ld/2
  bne/2 ld/4
  bne/2 lw/2
  bne/2 sd/2
  bne/2 slli/2
  bne/2 sw/2
  bne/4 add/2
  bne/4 addi/2
  bne/4 addi/4
  bne/4 auipc/4
  bne/4 beq/4
  bne/4 bne/4
  bne/4 jal/2
  bne/4 jal/4
  bne/4 lbu/4
  bne/4 ld/2
  bne/4 ld/4
  bne/4 lw/2
  bne/4 lw/4
  fld/2 add/2
  fld/2 addi/2
  fld/2 addiw/2
  fld/2 fld/2
  fld/2 ld/2
  fld/2 lui/2
  fld/2 lw/2
  fld/2 sd/2
  fsd/2 addi/2
  fsd/2 bne/2
  fsd/2 sd/2
  lbu/4 add/2
  lbu/4 addi/2
  lbu/4 addi/2 add/4 sb/4
  lbu/4 addi/2 addi/2 lbu/4
  lbu/4 addi/2 xor/2 andi/4
  lbu/4 addi/4
  lbu/4 addiw/4
  lbu/4 auipc/4
  lbu/4 beq/2
  lbu/4 beq/4
  lbu/4 bne/2
  lbu/4 bne/4
  lbu/4 lbu/4
  lbu/4 lbu/4 lbu/4 lbu/4
  lbu/4 sb/4
  lbu/4 slli/2
  ld/2 add/2
  ld/2 add/2 and/4
  ld/2 addi/2
  ld/2 addi/2 addi/2
  ld/2 addi/2 addi/2 slli/2
  ld/2 addi/2 jalr/2
  ld/2 addi/2 sd/2 addi/2
  ld/2 addi/4
  ld/2 addi/4 add/4
  ld/2 addiw/2
  ld/2 addiw/4 beq/4 andi/4
  ld/2 auipc/4
  ld/2 beq/2
  ld/2 beq/4
  ld/2 bgeu/4
  ld/2 bltu/4
  ld/2 bne/2
  ld/2 bne/4
  ld/2 fld/2
  ld/2 jal/2
  ld/2 jal/4
  ld/2 lbu/4
  ld/2 ld/2
  ld/2 ld/2 addi/2 jalr/2
  ld/2 ld/2 ld/2 add/2
  ld/2 ld/2 ld/2 ld/2
  ld/2 ld/4
  ld/2 ld/4 addi/2
  ld/2 lui/2
  ld/2 lw/2
  ld/2 sd/2
  ld/2 sd/2 srl/4 sll/4
  ld/2 sd/4
  ld/2 slli/2
  ld/2 slli/4
  ld/2 sw/2
  ld/2 xor/2
  ld/4 add/2
  ld/4 addi/2
  ld/4 addi/4
  ld/4 addi/4 sd/2 ld/2
  ld/4 auipc/4
  ld/4 beq/2
  ld/4 beq/4
  ld/4 bne/4
  ld/4 jal/2
  ld/4 jal/4
  ld/4 jalr/4
  ld/4 lbu/4
  ld/4 ld/2
  ld/4 ld/4
  ld/4 ld/4 addi/2 add/2
  ld/4 lw/2
  ld/4 sd/2
  ld/4 sd/4
  ld/4 sd/4 ld/2 jal/2
  ld/4 slli/4
  ld/4 xor/2
  lhu/4 bgeu/4 addiw/2 bne/4
  lui/2 add/2
  lui/2 addi/2
  lui/2 addi/4
  lui/2 addiw/2
  lui/2 bltu/4
  lui/2 fld/2
  lui/2 jal/4
  lui/2 ld/2
  lui/2 lui/2
  lui/2 lw/2
  lui/2 slli/2
  lui/4 addi/4
  lw/2 add/2
  lw/2 add/2 jalr/2
  lw/2 addi/2
  lw/2 addi/4
  lw/2 addiw/2
  lw/2 beq/2
  lw/2 beq/4
  lw/2 bne/2
  lw/2 bne/4
  lw/2 fld/2
  lw/2 jal/4
  lw/2 ld/2
  lw/2 lui/2
  lw/2 lw/2
  lw/2 lw/2 lw/2 addw/2
  lw/2 sd/2
  lw/2 slli/2
  lw/2 srliw/4 srliw/4 or/4
  lw/2 sw/2
  lw/2 xor/2 lw/2 slliw/4
  lw/4 add/2
  lw/4 addi/2
  lw/4 beq/2 addi/4 sub/4
  lw/4 lw/2 slliw/4 slliw/4
  lw/4 lw/4
  lw/4 slliw/4
  mulhu/4 mul/4 slli/4 srli/2
  mulw/4 addi/2 addw/4 srliw/4
  mulw/4 addw/4 mulw/4 srliw/4
  or/2 add/2 addw/4 srliw/4
  or/2 addiw/2
  or/2 and/2 or/2 jalr/2
  or/2 and/4 xor/2
  or/2 lbu/4
  or/2 or/2
  or/4 or/4 or/4 srliw/4
  sb/4 add/2
  sb/4 addi/2
  sb/4 addi/4
  sb/4 bne/4 ld/2
  sb/4 jal/2
  sb/4 lbu/4
  sb/4 ld/2
  sb/4 sb/4
  sb/4 srli/4
  sb/4 srliw/4
  sd/2 add/2
  sd/2 addi/2
  sd/2 addi/4
  sd/2 addiw/2 jal/4
  sd/2 auipc/4
  sd/2 beq/2
  sd/2 beq/4
  sd/2 bne/2
  sd/2 fld/2
  sd/2 fsd/2
  sd/2 jal/2
  sd/2 jal/4
  sd/2 jalr/2
  sd/2 lbu/4
  sd/2 ld/2
  sd/2 ld/4
  sd/2 lw/2
  sd/2 sd/2
  sd/2 sd/2 addi/2 add/2
  sd/2 sd/2 sd/2
  sd/2 sd/2 sd/2 sd/2
  sd/2 sd/4
  sd/2 slli/2
  sd/2 sw/2
  sd/4 add/2
  sd/4 addi/2
  sd/4 addi/2 ld/2 jal/2
  sd/4 addi/4
  sd/4 auipc/4
  sd/4 jal/2
  sd/4 jal/4
  sd/4 ld/2
  sd/4 ld/2 jal/2
  sd/4 ld/4
  sd/4 sd/2
  sd/4 sd/4
  slli/2 add/2
  slli/2 add/2 lw/2
  slli/2 add/2 lw/2 add/2
  slli/2 add/2 lw/2 srliw/4
  slli/2 addi/2
  slli/2 addi/4
  slli/2 addi/4 add/2 ld/4
  slli/2 addi/4 add/2 sd/4
  slli/2 addw/4 mulw/4 srliw/4
  slli/2 auipc/4
  slli/2 ld/2
  slli/2 lw/2
  slli/2 or/2
  slli/2 or/2 addiw/2
  slli/2 or/2 addiw/2 addi/4
  slli/2 or/4
  slli/2 or/4 slli/2
  slli/2 or/4 slli/2 or/4
  slli/2 sd/2
  slli/2 slli/2
  slli/2 srli/2
  slli/2 sw/2
  slli/4 add/2
  slli/4 srli/2
  slli/4 srli/4
  slli/4 subw/4 andi/2
  slliw/4 slliw/4 srliw/4 srliw/4
  slliw/4 sraiw/4 add/2 blt/4
  slliw/4 srliw/4
  slliw/4 srliw/4 or/2
  slliw/4 srliw/4 or/4
  slliw/4 srliw/4 or/4 xor/4
  slliw/4 srliw/4 slliw/4 or/2
  srl/4 sll/4 or/2
  srli/2 add/2
  srli/2 addi/2 add/2 lw/4
  srli/2 or/4 mul/4 mulhu/4
  srli/4 add/2
  srli/4 sb/4
  srliw/4 or/4 xor/2 srliw/4
  srliw/4 or/4 xor/4
  srliw/4 sb/4
  srliw/4 slliw/4 or/4 xori/4
  srliw/4 xor/2 jal/2
  sub/2 sb/4 bne/4 ld/2
  sub/4 add/2
  sub/4 srli/2 bltu/4 add/2
  sw/2 add/2
  sw/2 addi/2
  sw/2 addiw/2 addi/2 bne/4
  sw/2 bne/2
  sw/2 jal/2
  sw/2 jal/4
  sw/2 ld/2
  sw/2 lw/2
  sw/2 sd/2
  sw/2 slli/2
  sw/2 sw/2
  sw/2 sw/2 sw/2 sw/2
  sw/4 add/2
  sw/4 addi/2
  sw/4 bne/4
  sw/4 jal/2
  xor/2 addi/2
  xor/2 addw/2 sw/2
  xor/2 jal/2
  xor/4 addw/2 addw/4 addw/4
  xor/4 lw/2 and/4 xor/2
  xor/4 xor/2 srliw/4 xor/4
  xori/4 and/2 and/2
`
  .trim()
  .split("\n")
  .map((line) => line.trim());
