import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** What a script prints in an empty folder, and its status if that is not 0. */
function script(text: string): string {
  const { status, stdout, stderr } = application(["/bin/bash", "-c", text], {
    options: ["--mem", "1G", "--cwd", "/tmp"],
  });
  return stdout + stderr + (status === 0 ? "" : `status ${status}\n`);
}

/** Writes a file of the script. */
const file = (name: string, text: string) => `cat > ${name} <<'END'\n${text}\nEND\n`;

const HELLO = file(
  "hello.c",
  `#include <stdio.h>
   #include <math.h>
   int main(int argc, char **argv) { printf("%s %d %.3f\\n", argv[1], argc, sqrt(argc)); return 7; }`,
);

describe("gcc", () => {
  it("compiles, links and runs a program, plain and optimised", () => {
    const text = `for level in 0 2; do gcc -Wall -O$level hello.c -o hello -lm && ./hello O$level; echo $?; done`;
    expect(script(HELLO + text)).toBe("O0 2 1.414\n7\nO2 2 1.414\n7\n");
  });

  it("goes through its stages by a pipe and by files, and links statically", () => {
    const text = `gcc -E hello.c | grep -c 'int main'; gcc -S -O1 hello.c && grep -c 'main:' hello.s
      gcc -pipe -c hello.s && nm hello.o | grep -c ' T main'; gcc -static hello.o -o static -lm && ./static linked; echo $?
      readelf -l static | grep -c INTERP; strip static && ./static stripped`;
    expect(script(HELLO + text)).toBe("1\n1\n1\nlinked 2 1.414\n7\n0\nstripped 2 1.414\nstatus 7\n");
  });

  it("builds a library and a program of threads out of several files", () => {
    const files =
      file("sum.h", "long sum(long from, long to);") +
      file(
        "sum.c",
        `#include "sum.h"
         long sum(long from, long to) { long all = 0; while (from < to) all += from++; return all; }`,
      ) +
      file(
        "main.c",
        `#include <pthread.h>
         #include <stdio.h>
         #include "sum.h"
         static long total;
         static __thread long own;
         static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
         static void *part(void *n) {
           own = sum((long)n * 1000, (long)n * 1000 + 1000);
           pthread_mutex_lock(&lock);
           total += own;
           pthread_mutex_unlock(&lock);
           return 0;
         }
         int main() {
           pthread_t threads[8];
           for (long n = 0; n < 8; n++) pthread_create(&threads[n], 0, part, (void *)n);
           for (int n = 0; n < 8; n++) pthread_join(threads[n], 0);
           printf("%ld %ld\\n", total, own);
           return 0;
         }`,
      );
    const text = `gcc -O2 -c sum.c main.c && ar rcs libsum.a sum.o && ar t libsum.a
      gcc -pthread main.o -L. -l:libsum.a -o whole && ./whole
      gcc -O2 -fPIC -shared sum.c -o libsum.so && gcc main.o -L. -lsum -o dynamic -Wl,-rpath,'$ORIGIN' && ./dynamic`;
    expect(script(files + text)).toBe("sum.o\n31996000 0\n31996000 0\n");
  });

  it("says what is wrong with a program, and fails", () => {
    const text = `${file("wrong.c", "int main() { return missing; }")}gcc wrong.c 2>&1 | grep -o 'error: .* undeclared'
      gcc wrong.c 2> /dev/null; echo $?; echo 'int f(void); int main() { return f(); }' > open.c
      gcc open.c 2>&1 | grep -o 'undefined reference to .*'; ls`;
    expect(script(text)).toBe(
      "error: ‘missing’ undeclared\n1\nundefined reference to `f'\nopen.c\nwrong.c\n".replaceAll(
        /[‘’]/g,
        "'",
      ),
    );
  });
});

describe("make", () => {
  it("runs four jobs at once, and no fifth, and its sub-make's jobs are among those", () => {
    const rule = `\t@n=$$(ls running | wc -l); echo x > running/$@; ls running | wc -l >> most; sleep 0.3; rm running/$@; echo $@ >> done`;
    const makefile = `all: a1 a2 a3 sub\na1 a2 a3:\n${rule}\nsub:\n\t@$(MAKE) --no-print-directory -f sub.mk\n`;
    const sub = `all: b1 b2 b3 b4 b5\nb1 b2 b3 b4 b5:\n${rule}\n`;
    const text = `mkdir running; make -j4; echo $?; sort -n most | tail -1; sort done | tr '\\n' ' '
      rm most; make -j1 a1 a2; sort -n most | tail -1`;
    expect(script(file("Makefile", makefile) + file("sub.mk", sub) + text)).toBe(
      "0\n4\na1 a2 a3 b1 b2 b3 b4 b5 1\n",
    );
  });

  it("makes what is out of date and nothing else", () => {
    const makefile = `prog: one.o two.o\n\tgcc $^ -o $@\n%.o: %.c\n\tgcc -c $< -o $@\n`;
    const text = `echo 'int two(void); int main() { return two(); }' > one.c; echo 'int two(void) { return 2; }' > two.c
      make -s -j4; ./prog; echo $?; make -q; echo $?; sleep 0.1; echo 'int two(void) { return 3; }' > two.c; make -n | grep -c gcc
      make -q; echo $?; make -j2 | grep -v Nothing; ./prog; echo $?`;
    expect(script(file("Makefile", makefile) + text)).toBe(
      "2\n0\n2\n1\ngcc -c two.c -o two.o\ngcc one.o two.o -o prog\n3\n",
    );
  });

  it("ends as a rule that fails has it, after the jobs that are under way", () => {
    // All three have begun before the first one fails.
    const makefile = `all: good bad killed\ngood:\n\t@sleep 2; echo good\nbad:\n\t@sleep 1.5; exit 3\nkilled:\n\t@sleep 1; kill -9 $$$$\n`;
    const text = `make -j4 2> said; echo $?; grep -o 'Error 3' said; grep -o 'killed] Killed' said; make -k bad > /dev/null 2>&1; echo $?
      make -i bad 2> /dev/null > /dev/null; echo $?`;
    expect(script(file("Makefile", makefile) + text)).toBe("good\n2\nError 3\nkilled] Killed\n2\n0\n");
  });
});
