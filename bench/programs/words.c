/* Bytes, hashing and comparing strings: the words of a text that is made up, counted in a hash table. */
#include "bench.h"

enum { SLOTS = 1 << 16, WORDS = 20000, LENGTH = 12 };
static struct word {
  char *text;
  uint32_t hash, count;
} table[SLOTS];
static char vocabulary[WORDS][LENGTH + 1];

static struct word *find(const char *text, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
  for (uint32_t at = hash % SLOTS;; at = (at + 1) % SLOTS) {
    struct word *w = &table[at];
    if (!w->text) {
      w->text = strndup(text, length);
      w->hash = hash;
      return w;
    }
    if (w->hash == hash && strncmp(w->text, text, length) == 0 && !w->text[length]) return w;
  }
}

static char *make_text(size_t words, uint32_t *state) {
  char *text = malloc(words * (LENGTH + 1) + 1), *end = text;
  for (size_t i = 0; i < words; i++) {
    /* Some words are much more frequent than others. */
    uint32_t which = next_random(state) % WORDS;
    end = stpcpy(end, vocabulary[which * (uint64_t)(next_random(state) % WORDS) / WORDS]);
    *end++ = next_random(state) % 16 ? ' ' : '\n';
  }
  *end = 0;
  return text;
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 70);
  uint32_t state = 1, sum = 0;
  for (int i = 0; i < WORDS; i++) {
    int length = 2 + (int)(next_random(&state) % (LENGTH - 1));
    for (int k = 0; k < length; k++) vocabulary[i][k] = (char)('a' + next_random(&state) % 26);
  }
  for (int round = 0; round < rounds; round++) {
    char *text = make_text(100000, &state), *at = text;
    while (*at) {
      size_t length = strcspn(at, " \n");
      find(at, length)->count++;
      at += length;
      if (*at) at++;
    }
    free(text);
  }
  uint32_t different = 0;
  for (int i = 0; i < SLOTS; i++) {
    different += table[i].text != NULL;
    sum = sum * 31 + table[i].count;
  }
  printf("%u %u\n", different, sum);
}
