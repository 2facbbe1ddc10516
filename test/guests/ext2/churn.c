/*
 * Changes the tree below a folder for ever, following from a number: files grow, shrink, get holes and names, directories
 * come and go, files are unlinked while they are open. Now and then everything is synced.
 *
 *     churn FOLDER NUMBER
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t state;

/* xorshift32 (Marsaglia, 2003). */
static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

static const char *place(void)
{
	static char paths[4][64];
	static int turn;
	char *path = paths[turn++ % 4];
	strcpy(path, ".");
	for (uint32_t depth = 1 + below(3); depth > 0; depth--)
		sprintf(path + strlen(path), "/%c", 'a' + below(6));
	return path;
}

int main(int argc, char **argv)
{
	static char bytes[70000];
	if (argc != 3 || chdir(argv[1]) != 0)
		return 1;
	state = strtoul(argv[2], NULL, 10) * 2654435761u + 1;
	memset(bytes, 'x', sizeof bytes);
	int held = -1;
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int file;
		switch (below(12)) {
		case 0: case 1: case 2:
			file = open(place(), O_RDWR | O_CREAT, 0644);
			if (file < 0)
				break;
			pwrite(file, bytes, below(sizeof bytes), below(8) ? below(200000) : below(60000000));
			if (below(4) == 0)
				fsync(file);
			if (below(3) == 0) {
				if (held >= 0)
					close(held);
				held = file;
			} else
				close(file);
			break;
		case 3: case 4: mkdir(place(), 0755); break;
		case 5: unlink(place()); break;
		case 6: rmdir(place()); break;
		case 7: rename(place(), place()); break;
		case 8: link(place(), place()); break;
		case 9: symlink(bytes + sizeof bytes - 1 - below(200), place()); break;
		case 10: truncate(place(), below(300000)); break;
		default:
			if (held >= 0)
				write(held, bytes, below(20000));
			if (below(6) == 0)
				sync();
		}
	}
}
