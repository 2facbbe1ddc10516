/* Checks for sample programs: a failed one says where and is counted into the exit status. */
#ifndef RUNIKRAFT_EXPECT_H
#define RUNIKRAFT_EXPECT_H

#include <stdio.h>

static int failed_expectations;

#define EXPECT(condition)                                                   \
  do {                                                                      \
    if (!(condition)) {                                                     \
      printf("  line %d: not so: %s\n", __LINE__, #condition);              \
      failed_expectations++;                                                \
    }                                                                       \
  } while (0)

#endif
