import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** What the other tests of this folder run for minutes, once for a moment, with all that it reaches translated. */
describe("--jit=always", () => {
  const script = (text: string, ...options: string[]) => {
    const { status, stdout, stderr } = application(["/bin/bash", "-c", text], {
      options: ["--jit", "always", "--mem", "1G", "--cwd", "/tmp", ...options],
    });
    return stdout + stderr + (status === 0 ? "" : `status ${status}\n`);
  };

  it.each([
    ["dash", `dash -c 'x=3; while [ $x -gt 0 ]; do echo $x; x=$((x - 1)); done'`, "3\n2\n1\n"],
    ["busybox", "busybox seq 3 | busybox awk '{ sum += $1 } END { print sum }'", "6\n"],
    [
      "coreutils",
      "seq 9 | sort -r | head -2 | tr 89 xy | paste -s; echo a | sha256sum | cut -c1-8",
      "y\tx\n87428fc5\n",
    ],
    ["findutils, grep, sed", "find /etc/debian_version | grep -c version | sed s/1/one/", "one\n"],
    [
      "gawk",
      "gawk 'BEGIN { n = split(\"a b c\", part); print n, toupper(part[2]), sqrt(2) }'",
      "3 B 1.41421\n",
    ],
    [
      "diffutils",
      "diff <(seq 3) <(seq 2 4); cmp <(echo a) <(echo b)",
      "1d0\n< 1\n3a3\n> 4\n/dev/fd/63 /dev/fd/62 differ: char 1, line 1\nstatus 1\n",
    ],
    [
      "tar, gzip, xz",
      "seq 1000 > n; for z in -z -J; do tar -c $z -f a n && tar -x $z -Of a | tail -1; done",
      "1000\n1000\n",
    ],
    ["file", "file -b /bin/dash | cut -d, -f1,2", "ELF 64-bit LSB pie executable, UCB RISC-V\n"],
    ["procps, util-linux", "ps -o comm= | head -1; echo b 1 | rev", "bash\n1 b\n"],
    ["less, ncurses", "seq 3 | less; TERM=xterm tput cols", "1\n2\n3\n80\n"],
    [
      "lua",
      `lua5.4 -e 'local t = {}; for i = 1, 9 do t[i] = i * i end; print(table.concat(t, " "))'`,
      "1 4 9 16 25 36 49 64 81\n",
    ],
    [
      "perl",
      `perl -e 'my %n; $n{$_}++ for "abca" =~ /./g; print join(",", map { "$_$n{$_}" } sort keys %n), "\\n"'`,
      "a2,b1,c1\n",
    ],
    [
      "ruby",
      `ruby --disable-gems -e 'puts (1..9).select(&:odd?).sum, 2**70, "abc".tr("a-c", "x-z")'`,
      "25\n1180591620717411303424\nxyz\n",
    ],
    [
      "python",
      `python3 -S -c 'import json; print(json.dumps({"a": [1.5, sum(range(100))]}), 3 ** 50)'`,
      '{"a": [1.5, 4950]} 717897987691852588770249\n',
    ],
    [
      "sqlite",
      `sqlite3 d "create table t(x); insert into t values (1), (2), (3); select sum(x), group_concat(x) from t"`,
      "6|1,2,3\n",
    ],
    ["jq", `echo '{"a": [1, 2, 3]}' | jq -c '.a | map(. * 2)'`, "[2,4,6]\n"],
    ["bc", "echo 'scale=20; e(1)' | bc -l", "2.71828182845904523536\n"],
    [
      "git",
      "git init -q r && cd r && echo a > f && git add f && git -c user.name=a -c user.email=a@b commit -qm one && git log --format=%s",
      "one\n",
    ],
    [
      "openssl",
      "echo text | openssl enc -aes-256-ctr -pass pass:a -pbkdf2 -a -S 0011223344556677 | openssl enc -d -aes-256-ctr -pass pass:a -pbkdf2 -a -S 0011223344556677",
      "text\n",
    ],
    [
      "gcc, make",
      "printf 'int main(void) { return 42; }' > a.c; printf 'a: a.c\\n\\tgcc -o a a.c\\n' > Makefile; make -s && ./a",
      "status 42\n",
    ],
    ["vim", "echo text > t; vim -esu NONE -c 's/e/oas/' -c wq t; cat t", "toasxt\n"],
    ["stress-ng", "stress-ng -q --cpu 1 --cpu-method fibonacci --cpu-ops 3; echo $?", "0\n"],
  ])("%s", (_, text, output) => {
    expect(script(text)).toBe(output);
  });

  it("node", () => {
    const text = `node -e 'console.log([3, 1, 2].sort().map((x) => x * x), JSON.stringify({ a: 1n + 2n + "" }))'`;
    expect(script(text, "--allow-wx=/usr/bin/node")).toBe('[ 1, 4, 9 ] {"a":"3"}\n');
  });
});
