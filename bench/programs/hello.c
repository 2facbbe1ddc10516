/* The least a program does: for the cost of starting one. */
#include <stdio.h>

int main(void) { puts("hello"); }
