/*
 * A key-value store on a disk, over a queue of requests: an open hash table of one sector a slot. It is filled, read back
 * in another order, changed, and read again; each pass moves many sectors with few calls. The disk's contents are lost.
 *
 *     store [MAX-KEYS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "runikraft.h"

enum { SECTOR = 512, DEPTH = 64, VALUE = 480 };

struct record {
  char magic[8];
  uint64_t key;
  uint64_t slot;
  uint64_t length;
  char value[VALUE];
};

_Static_assert(sizeof(struct record) == SECTOR, "a record is a sector");

static struct rk_ring *requests, *done;
static int queue;
static uint64_t slots, kicks;

static struct record *records;         /* what is moved: DEPTH of them */
static struct rk_blkreq entries[DEPTH];

static uint64_t slot_of(uint64_t key) {
  /* Each key has its own: an odd factor permutes the numbers below a power of two. */
  return key * 2654435761u % slots;
}

static void fill(struct record *record, uint64_t key, unsigned version) {
  memset(record, 0, sizeof *record);
  memcpy(record->magic, "rkstore", 8);
  record->key = key;
  record->slot = slot_of(key);
  record->length = (uint64_t)snprintf(record->value, VALUE, "value %lu of version %u", key, version);
}

/* Takes all results of what was submitted. */
static void collect(unsigned submitted) {
  uint64_t word;
  unsigned seen = 0;
  while (seen < submitted) {
    int result = rk_blkdev_kick(queue);
    EXPECT(result >= 0);
    kicks++;
    if (result < 0) exit(1);
    while (rk_ring_dequeue(done, &word) == 0) {
      struct rk_blkreq *request = (struct rk_blkreq *)word;
      EXPECT(request->result == 0);
      seen++;
    }
  }
}

/* Moves the sectors of `count` keys from `first` on, `step` apart, DEPTH at a time. */
static void pass(uint32_t operation, uint64_t keys, uint64_t first, uint64_t step, unsigned version) {
  for (uint64_t i = 0; i < keys; i += DEPTH) {
    unsigned now = keys - i < DEPTH ? (unsigned)(keys - i) : DEPTH;
    for (unsigned j = 0; j < now; j++) {
      uint64_t key = (first + (i + j) * step) % keys;
      if (operation == RK_BLK_WRITE) fill(&records[j], key, version);
      entries[j] = (struct rk_blkreq){operation, 1, slot_of(key), 1, &records[j]};
      EXPECT(rk_ring_enqueue(requests, (uint64_t)&entries[j]) == 0);
    }
    collect(now);
    for (unsigned j = 0; operation == RK_BLK_READ && j < now; j++) {
      struct record expected;
      fill(&expected, (first + (i + j) * step) % keys, version);
      EXPECT(memcmp(&records[j], &expected, sizeof expected) == 0);
    }
  }
}

static void one(uint32_t operation, uint64_t sector, uint64_t count, void *buffer, int expected) {
  struct rk_blkreq request = {operation, 1, sector, count, buffer};
  uint64_t word = 0;
  EXPECT(rk_ring_enqueue(requests, (uint64_t)&request) == 0);
  EXPECT(rk_blkdev_kick(queue) == 1);
  EXPECT(rk_ring_dequeue(done, &word) == 0 && word == (uint64_t)&request);
  EXPECT(request.result == expected);
}

int main(int argc, char **argv) {
  struct rk_blkdev_info info;
  uint64_t keys, largest = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
  if (rk_blkdev_count() < 1) {
    puts("no disk: run it with --disk FILE:rw");
    return 3;
  }
  EXPECT(rk_blkdev_info(0, &info) == 0 && info.sector_bytes == SECTOR);
  EXPECT(rk_blkdev_info(99, &info) == -RK_ENODEV);
  for (slots = 1; slots * 2 <= info.sectors; slots *= 2) {
  }
  keys = slots < largest ? slots : largest;
  requests = rk_palloc(RK_DEFAULT, 1);
  done = rk_palloc(RK_DEFAULT, 1);
  records = rk_memalign(RK_DEFAULT, SECTOR, DEPTH * sizeof *records);
  EXPECT(rk_ring_create(requests, DEPTH) == 0 && rk_ring_create(done, DEPTH) == 0);
  queue = rk_blkdev_queue(0, requests, done);
  if (queue < 0) {
    printf("no queue: %d\n", queue);
    return 3;
  }
  pass(RK_BLK_WRITE, keys, 0, 1, 1);
  pass(RK_BLK_READ, keys, keys - 1, 7, 1);
  pass(RK_BLK_WRITE, keys, 3, 1, 2);
  one(RK_BLK_FLUSH, 0, 0, NULL, 0);
  pass(RK_BLK_READ, keys, 5, 11, 2);
  printf("%lu keys, 4 passes, %lu calls\n", keys, kicks);

  /* What cannot be. */
  one(RK_BLK_READ, info.sectors, 1, records, -RK_EINVAL);
  one(RK_BLK_READ, info.sectors - 1, 2, records, -RK_EINVAL);
  one(RK_BLK_READ, (uint64_t)1 << 63, 1, records, -RK_EINVAL);
  one(RK_BLK_READ, 0, 4096, records, -RK_EINVAL);
  one(RK_BLK_READ, 0, 1, (void *)8, -RK_EFAULT);
  one(9, 0, 1, records, -RK_EOPNOTSUPP);
  EXPECT(rk_ring_enqueue(requests, 8) == 0 && rk_blkdev_kick(queue) == -RK_EFAULT);
  EXPECT(rk_blkdev_kick(queue) == 0);
  EXPECT(rk_close(queue) == 0 && rk_blkdev_kick(queue) == -9);
  if (failed_expectations == 0) puts("all as it should be");
  return failed_expectations != 0;
}
