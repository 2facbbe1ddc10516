/*
 * The same work on every allocator: blocks of many sizes, made, grown and freed at random, each filled with a pattern that
 * must still be there. Prints what each allocator has done; the figures are the same in every run.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "runikraft.h"

enum { BLOCKS = 200, ROUNDS = 4000, OBJECT = 192 };

struct block {
  unsigned char *at;
  size_t size;
  unsigned char stamp;
};

static uint64_t random_state;

static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static void check(const struct block *block) {
  for (size_t i = 0; i < block->size; i += 1 + block->size / 16) EXPECT(block->at[i] == block->stamp);
}

static void stamp(struct block *block) {
  block->stamp = (unsigned char)next_random();
  memset(block->at, block->stamp, block->size);
}

static size_t any_size(const char *name) {
  if (strcmp(name, "rkallocpool") == 0) return OBJECT;
  return 1 + next_random() % (next_random() % 16 == 0 ? 20000 : 300);
}

static void work(const char *name, size_t object) {
  static struct block blocks[BLOCKS];
  struct rk_alloc_stats stats;
  int takes_back = strcmp(name, "rkallocregion") != 0;
  rk_alloc heap = rk_alloc_create(name, object, object == 0 ? 0 : 64);
  EXPECT(heap > 0);
  memset(blocks, 0, sizeof blocks);
  random_state = 0x9e3779b97f4a7c15;
  for (int round = 0; round < ROUNDS; round++) {
    struct block *block = &blocks[next_random() % BLOCKS];
    if (block->at == NULL) {
      block->size = any_size(name);
      block->at = round % 3 == 0 ? rk_calloc(heap, 1, block->size) : rk_malloc(heap, block->size);
      EXPECT(block->at != NULL && (uintptr_t)block->at % 16 == 0);
      if (round % 3 == 0)
        for (size_t i = 0; i < block->size; i++) EXPECT(block->at[i] == 0);
    } else if (next_random() % 3 == 0) {
      size_t size = any_size(name);
      check(block);
      block->at = rk_realloc(heap, block->at, size);
      EXPECT(block->at != NULL);
      if (size < block->size) block->size = size;
      check(block);
      block->size = size;
    } else {
      check(block);
      EXPECT(rk_usable_size(heap, block->at) >= block->size);
      EXPECT(rk_free(heap, block->at) == (takes_back ? 0 : -RK_EOPNOTSUPP));
      if (takes_back) EXPECT(rk_free(heap, block->at) == -RK_EINVAL);
      block->at = NULL;
      continue;
    }
    stamp(block);
  }
  EXPECT(rk_alloc_stats(heap, &stats) == 0);
  EXPECT(rk_availmem(heap) == stats.total - stats.used);
  printf("%-13s %4lu blocks out, %4lu at most; %7lu bytes used at most of %7lu\n", name, stats.blocks,
         stats.max_blocks, stats.max_used, stats.total);
  EXPECT(rk_alloc_destroy(heap) == 0);
  EXPECT(rk_malloc(heap, 1) == NULL);
}

/* What every heap can do, on the one that is there from the beginning. */
static void the_default(void) {
  void *block = NULL;
  unsigned char *page = rk_palloc(RK_DEFAULT, 3);
  EXPECT(page != NULL && (uintptr_t)page % 4096 == 0);
  EXPECT(rk_pfree(RK_DEFAULT, page, 4) == -RK_EINVAL && rk_pfree(RK_DEFAULT, page, 3) == 0);
  EXPECT(rk_posix_memalign(RK_DEFAULT, &block, 3, 10) == -RK_EINVAL);
  EXPECT(rk_posix_memalign(RK_DEFAULT, &block, 65536, 10) == 0 && (uintptr_t)block % 65536 == 0);
  EXPECT(rk_free(RK_DEFAULT, block) == 0);
  block = rk_memalign(RK_DEFAULT, 1 << 20, 100000);
  EXPECT((uintptr_t)block % (1 << 20) == 0 && rk_free(RK_DEFAULT, block) == 0);
  EXPECT(rk_malloc(RK_DEFAULT, (size_t)1 << 40) == NULL);
  EXPECT(rk_calloc(RK_DEFAULT, (size_t)1 << 40, (size_t)1 << 40) == NULL);
  EXPECT(rk_alloc_create("rkallocnone", 0, 0) == -RK_ENOENT);
  EXPECT(rk_alloc_create("rkallocpool", 100, 3) == -RK_EINVAL);
}

/* Memory of the program's own, and no more than that fits. */
static void own_memory(void) {
  static _Alignas(4096) unsigned char memory[65536];
  rk_alloc heap = rk_alloc_create("rkalloctlsf", 0, 0);
  unsigned char *block;
  EXPECT(rk_addmem(heap, memory, sizeof memory) == 0 && rk_addmem(heap, memory, 4096) == -RK_EINVAL);
  EXPECT(rk_maxalloc(heap) == sizeof memory);
  block = rk_malloc(heap, 60000);
  EXPECT(block >= memory && block + 60000 <= memory + sizeof memory);
  EXPECT(rk_alloc_destroy(heap) == 0);
}

/* A child has a copy: what it frees is still there for its parent. */
static void across_fork(void) {
  unsigned char *block = rk_malloc(RK_DEFAULT, 5000);
  int status;
  memset(block, 7, 5000);
  fflush(stdout);
  if (fork() == 0) {
    unsigned char *mine;
    EXPECT(block[4999] == 7 && rk_free(RK_DEFAULT, block) == 0);
    mine = rk_malloc(RK_DEFAULT, 5000);
    EXPECT(mine == block);
    memset(mine, 8, 5000);
    _exit(failed_expectations);
  }
  EXPECT(wait(&status) > 0 && status == 0);
  EXPECT(block[0] == 7 && rk_usable_size(RK_DEFAULT, block) >= 5000 && rk_free(RK_DEFAULT, block) == 0);
}

int main(void) {
  if (rk_version() < 0) {
    puts("there are no native calls here");
    return 3;
  }
  work("rkalloctlsf", 0);
  work("rkallocbuddy", 0);
  work("rkallocpool", OBJECT);
  work("rkallocregion", 0);
  the_default();
  own_memory();
  across_fork();
  if (failed_expectations == 0) puts("all as it should be");
  return failed_expectations != 0;
}
