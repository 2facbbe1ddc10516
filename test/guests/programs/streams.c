/* Standard streams: reading lines to the end, unbuffered and buffered output in order, printf's corners. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

int main(void) {
  char *line = NULL;
  size_t room = 0;
  int lines = 0;
  while (getline(&line, &room, stdin) > 0) printf("%d: %s", ++lines, line);
  printf("end of input %d, error %d\n", feof(stdin) != 0, ferror(stdin) != 0);
  free(line);
  printf("%5d|%-5d|%05d|%+d|%x|%#o|%c|%10.3s|%%\n", 42, 42, 42, 42, 48879, 8, 'z', "string");
  printf("%zu %lld %hhd %p\n", sizeof(long), -1LL, (char)300, (void *)0);
  fflush(stdout);
  write(STDOUT_FILENO, "straight out\n", 13);
  char big[200000];
  memset(big, 'x', sizeof big);
  big[sizeof big - 1] = '\n';
  fwrite(big, 1, sizeof big, stdout);
  printf("%d\n", isatty(STDIN_FILENO));
  errno = 0;
  printf("%ld %d\n", (long)write(99, "x", 1), errno);
  printf("%ls\n", L"wide");
  wchar_t wide[8];
  printf("%zu\n", mbstowcs(wide, "abc", 8));
  char *end;
  printf("%ld %s\n", strtol("0x7fz", &end, 0), end);
  return lines;
}
