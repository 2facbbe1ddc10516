/* Pointers, comparisons and malloc: inserts, lookups and removals in an AVL tree. */
#include "bench.h"

struct node {
  uint32_t key, count;
  int height;
  struct node *child[2];
};

static int height(const struct node *n) { return n ? n->height : 0; }

static void measure(struct node *n) {
  int left = height(n->child[0]), right = height(n->child[1]);
  n->height = 1 + (left > right ? left : right);
}

/* Lifts the child of one side above its parent. */
static struct node *rotate(struct node *n, int side) {
  struct node *top = n->child[side];
  n->child[side] = top->child[!side];
  top->child[!side] = n;
  measure(n);
  measure(top);
  return top;
}

static struct node *balance(struct node *n) {
  measure(n);
  int lean = height(n->child[1]) - height(n->child[0]);
  if (lean > -2 && lean < 2) return n;
  int side = lean > 0;
  struct node *heavy = n->child[side];
  if (height(heavy->child[!side]) > height(heavy->child[side])) n->child[side] = rotate(heavy, !side);
  return rotate(n, side);
}

static struct node *insert(struct node *n, uint32_t key) {
  if (!n) {
    n = calloc(1, sizeof *n);
    n->key = key;
    n->height = n->count = 1;
    return n;
  }
  if (key == n->key) {
    n->count++;
    return n;
  }
  int side = key > n->key;
  n->child[side] = insert(n->child[side], key);
  return balance(n);
}

static struct node *take_least(struct node *n, struct node **least) {
  if (!n->child[0]) {
    *least = n;
    return n->child[1];
  }
  n->child[0] = take_least(n->child[0], least);
  return balance(n);
}

static struct node *take(struct node *n, uint32_t key) {
  if (!n) return n;
  if (key != n->key) {
    int side = key > n->key;
    n->child[side] = take(n->child[side], key);
    return balance(n);
  }
  struct node *left = n->child[0], *right = n->child[1], *least;
  free(n);
  if (!right) return left;
  right = take_least(right, &least);
  least->child[0] = left;
  least->child[1] = right;
  return balance(least);
}

static uint32_t lookup(const struct node *n, uint32_t key) {
  while (n && n->key != key) n = n->child[key > n->key];
  return n ? n->count : 0;
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 10);
  enum { COUNT = 100000, KEYS = 1 << 17 };
  struct node *root = NULL;
  uint32_t state = 1, sum = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < COUNT; i++) root = insert(root, next_random(&state) % KEYS);
    for (int i = 0; i < 2 * COUNT; i++) sum = sum * 31 + lookup(root, next_random(&state) % KEYS);
    for (int i = 0; i < COUNT / 2; i++) root = take(root, next_random(&state) % KEYS);
  }
  printf("%u %d\n", sum, height(root));
}
