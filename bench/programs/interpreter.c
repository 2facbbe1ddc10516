/* Unpredictable jumps through a table: a bytecode machine that runs a small loop. */
#include "bench.h"

enum { PUSH, LOAD, STORE, ADD, MUL, SUB, XOR, LESS, JUMP_IF, HALT };

int main(int argc, char **argv) {
  long iterations = scale(argc, argv, 900000);
  long code[] = {
      PUSH, 0, STORE, 0, PUSH, 1, STORE, 1,
      /* 8: */ LOAD, 1, PUSH, 31, MUL, LOAD, 0, XOR, STORE, 1,
      LOAD, 0, PUSH, 1, ADD, STORE, 0,
      LOAD, 0, PUSH, iterations, LESS, JUMP_IF, 8, LOAD, 1, HALT};
  long stack[16], variables[2] = {0, 0};
  long *sp = stack, *pc = code;
  for (;;) {
    switch (*pc++) {
      case PUSH: *sp++ = *pc++; break;
      case LOAD: *sp++ = variables[*pc++]; break;
      case STORE: variables[*pc++] = *--sp; break;
      case ADD: sp--; sp[-1] += sp[0]; break;
      case MUL: sp--; sp[-1] *= sp[0]; break;
      case SUB: sp--; sp[-1] -= sp[0]; break;
      case XOR: sp--; sp[-1] ^= sp[0]; break;
      case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
      case JUMP_IF: if (*--sp) pc = code + *pc; else pc++; break;
      default: printf("%lx\n", sp[-1]); return 0;
    }
  }
}
