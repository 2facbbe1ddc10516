import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** Runs a script in one of the shells; what it prints, and its status if that is not 0. */
function script(shell: readonly string[], text: string): string {
  const { status, stdout, stderr } = application([...shell, "-c", text]);
  return stdout + stderr + (status === 0 ? "" : `status ${status}\n`);
}

const BASH = ["/bin/bash"];

describe("bash", () => {
  it("has arrays, indexed and associative", () => {
    const text = `a=(one "two words" three); a[5]=six; a+=(seven); unset 'a[0]'
      declare -A m=([x]=1 [y z]=2); for key in "\${!m[@]}"; do echo "$key=\${m[$key]}"; done | sort
      echo "\${#a[@]}: \${!a[*]}: \${a[@]:1:2}"; mapfile -t lines < <(printf '%s\\n' p q r); echo "\${lines[2]}"
      read -ra words <<< "here is text"; echo "\${words[-1]}"`;
    expect(script(BASH, text)).toBe(
      "x=1\ny z=2\n5: 1 2 3 5 6: two words three\nr\ntext\n".replace(
        "5: 1 2 3 5 6: two words three",
        "4: 1 2 5 6: two words three",
      ),
    );
  });

  it("substitutes processes, to read from and to write to", () => {
    const text = `diff <(seq 5) <(seq 2 6); seq 100 | tee >(wc -l > /tmp/count) >(tail -1 > /tmp/last) > /dev/null
      until [ -s /tmp/count ] && [ -s /tmp/last ]; do sleep 0.05; done; cat /tmp/count /tmp/last`;
    expect(script(BASH, text)).toBe("1d0\n< 1\n5a5\n> 6\n100\n100\n");
  });

  it("talks with a coprocess", () => {
    const text = `coproc sed -u 's/^/got /'; for i in 1 2 3; do echo $i >&"\${COPROC[1]}"; read -r reply <&"\${COPROC[0]}"; echo "$reply"; done
      eval "exec \${COPROC[1]}>&-"; wait "$COPROC_PID"; echo $?`;
    expect(script(BASH, text)).toBe("got 1\ngot 2\ngot 3\n0\n");
  });

  // A child that has not begun its program yet ends as the shell does, trap and all.
  it("traps signals, waits for jobs and tells how each one ended", () => {
    const text = `trap 'echo usr1' USR1; trap 'echo bye' EXIT; kill -USR1 $$
      (exit 3) & a=$!; sleep 100 & b=$!; sleep 0.3; kill -TERM $b; wait $a; echo $?; wait $b; echo $?
      (sleep 0.1; exit 4) & (sleep 0.2; exit 5) & wait -n; echo $?; wait -n; echo $?
      set -o pipefail; true | false | true; echo "$? \${PIPESTATUS[*]}"; timeout 0.2 sleep 10; echo $?
      ulimit -n 10; ulimit -n; sleep 10 & sleep 0.3; kill -STOP $!; kill -CONT $!; kill $!; wait $!; echo $?; exit 9`;
    expect(script(BASH, text)).toBe("usr1\n3\n143\n4\n5\n1 0 1 0\n124\n10\n143\nbye\nstatus 9\n");
  });

  it("starts a thousand processes, and a hundred in one pipeline", () => {
    const pipeline = `echo start ${"| cat ".repeat(99)}`;
    const text = `for i in {1..1000}; do (exit $((i % 2))) && n=$((n + 1)); done; echo $n; ${pipeline}`;
    expect(script(BASH, text)).toBe("500\nstart\n");
  });
});

/** What any of the shells does the same. */
const PORTABLE = `f() { local x=$1; echo $((x * x)); }; f 12; for w in a b; do printf '%s ' "$w"; done; echo
  case abc in a*) echo case;; esac; echo "\${HOME:-none} \${0##*/}" | cut -d' ' -f1; cat <<EOF | tr a-z A-Z
here $(echo document)
EOF
  mkdir /tmp/d && cd /tmp/d && touch b a c && echo * && [ -f a ] && ! [ -e z ] && pwd
  trap 'echo trapped' TERM; kill $$; sleep 0.1 & wait; (exit 42); echo $?; exec 3>/tmp/three; echo three >&3; exec 3>&-; cat /tmp/three
  yes | head -2; nosuch 2>/dev/null; echo $?`;

describe.each([
  ["dash", ["/bin/dash"]],
  ["busybox sh", ["/bin/busybox", "sh"]],
  ["bash", BASH],
])("%s", (_name, shell) => {
  it("has what shells have", () => {
    expect(script(shell, PORTABLE)).toBe(
      "144\na b \ncase\n/root\nHERE DOCUMENT\na b c\n/tmp/d\ntrapped\n42\nthree\ny\ny\n127\n",
    );
  });
});

it("busybox's own tools work", () => {
  const text = `seq 10 | busybox awk '{ s += $1 } END { print s }'; echo hello | busybox md5sum; busybox ps | busybox grep -c 'busybox sh'
    echo x > /tmp/x; busybox tar -cf /tmp/x.tar -C /tmp x; busybox tar -tf /tmp/x.tar; echo abc | busybox gzip | busybox gunzip; busybox uname -m`;
  expect(script(["/bin/busybox", "sh"], text)).toMatch(
    /^55\nb1946ac92492d2347c6235b4d2611184 {2}-\n\d+\nx\nabc\nriscv64\n$/,
  );
});

describe("coreutils", () => {
  it("work in pipelines", () => {
    const text = `seq 1 1000 | shuf --random-source=/bin/ls | sort -n | uniq | paste -sd+ | tr + '\\n' | tac | head -3 | nl | expand
      printf 'b 2\\na 1\\n' | sort | join - <(printf 'a x\\nb y\\n'); seq 12 | pr -3 -t | fold -w 80 | wc -l; seq 5 | split -l 2 - /tmp/part. && ls /tmp/part.*
      comm -12 <(seq 1 5) <(seq 4 9); echo 'a:b:c' | cut -d: -f2-; date -u -d @86400 +%F; basename /x/y.z .z; dirname /x/y; factor 1001; numfmt --to=iec 1048576; od -An -tx1 <<< hi`;
    expect(script(BASH, text)).toBe(
      `     1  1000\n     2  999\n     3  998\na 1 x\nb 2 y\n4\n/tmp/part.aa\n/tmp/part.ab\n/tmp/part.ac\n4\n5\nb:c\n1970-01-02\ny\n/x\n1001: 7 11 13\n1.0M\n 68 69 0a\n`,
    );
  });

  it("work on files", () => {
    const text = `cd /tmp; umask 022; mkdir -p a/b; echo data > a/b/f; cp -a a copy; ln -s b a/link; ln a/b/f a/hard; stat -c '%a %h %s %F' a/b/f; readlink -f a/link/f
      install -m 640 a/b/f new; stat -c %a new; chmod g-r,o+x new; stat -c %A new; mv new a/moved; touch -d '2001-02-03 04:05:06 UTC' a/moved; date -u -r a/moved +%s
      dd if=/dev/zero of=z bs=1k count=100 status=none; truncate -s 10M z; stat -c '%s %b' z; du -k z | cut -f1; md5sum < z; cmp copy/b/f a/b/f && rm -r a copy && ls
      df /tmp > /dev/null && mktemp -d /tmp/t.XXXX | grep -c '^/tmp/t\\.....$'; id -u; echo gone > f; tail -f f > /tmp/followed & until grep -q gone /tmp/followed; do sleep 0.1; done; echo more >> f; until grep more /tmp/followed; do sleep 0.1; done; kill $!; sync`;
    expect(script(BASH, text)).toBe(
      "644 2 5 regular file\n/tmp/a/b/f\n640\n-rw------x\n981173106\n10485760 200\n100\nf1c9645dbc14efddc7d8a322685f26eb  -\nz\n1\n0\nmore\n",
    );
  });
});
