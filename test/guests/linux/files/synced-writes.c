/*
 * Writes files and says on the console which are safe: "synced N SIZE CHECKSUM" after the fsync of the Nth.
 *
 *     synced-writes FOLDER
 *
 * Every file is written under a temporary name, fsynced, renamed over slot-(N % SLOTS), and the folder fsynced:
 * so a slot holds one whole file at any time. One line of the file "log" is appended and fsynced with it.
 * All of a file follows from N, so whoever reads the disk afterwards can tell what has to be there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOTS = 64, WORDS_AT_MOST = 16384 };

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* xorshift32 (Marsaglia, 2003). */
static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void write_all(int file, const void *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(file, data, length);
		check(written > 0, "write");
		data = (const char *)data + written;
		length -= written;
	}
}

/* The Nth file: N itself, then pseudo-random words. Returns how many words; their sum is the checksum. */
static size_t fill(uint32_t n, uint32_t *words, uint32_t *checksum)
{
	uint32_t state = n * 2654435761u + 1;
	size_t count = 1 + next(&state) % WORDS_AT_MOST;
	words[0] = n;
	*checksum = n;
	for (size_t i = 1; i < count; i++)
		*checksum += words[i] = next(&state);
	return count;
}

int main(int argc, char **argv)
{
	static uint32_t words[WORDS_AT_MOST];
	check(argc == 2 && chdir(argv[1]) == 0, "folder");
	int folder = open(".", O_RDONLY | O_DIRECTORY);
	int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
	check(folder >= 0 && log >= 0, "open");
	for (uint32_t n = 0;; n++) {
		uint32_t checksum;
		size_t bytes = fill(n, words, &checksum) * sizeof words[0];
		char slot[32], line[64];
		snprintf(slot, sizeof slot, "slot-%u", n % SLOTS);
		int length = snprintf(line, sizeof line, "%u %zu %08x\n", n, bytes, checksum);

		int file = open("new", O_WRONLY | O_CREAT | O_TRUNC, 0644);
		check(file >= 0, "new");
		write_all(file, words, bytes);
		check(fsync(file) == 0 && close(file) == 0, "fsync of the file");
		check(rename("new", slot) == 0, "rename");
		write_all(log, line, length);
		check(fsync(log) == 0 && fsync(folder) == 0, "fsync of log and folder");

		printf("synced %s", line);
		fflush(stdout);
	}
}
