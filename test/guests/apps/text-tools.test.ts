import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { application, applications } from "../applications.ts";
import { qemu, temporaryFolder } from "../toolchain.ts";

/** GNU's tools are on every Debian host too: scripts run in both places, and have to print the same. */

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers that look random and are the same in every run (xorshift). */
function* numbers(): Generator<number> {
  for (let x = 1; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

beforeAll(() => {
  const random = numbers();
  const next = (below: number) => (random.next().value as number) % below;
  const words = ["alpha", "beta", "gamma", "Delta", "ÉTÉ", "x=1", "", "a.b", "tab\there", "the the"];
  const lines = Array.from(
    { length: 5000 },
    (_, i) => `${i} ${next(1000)} ${words[next(10)]} ${words[next(10)]}`,
  );
  writeFileSync(join(folder, "lines"), `${lines.join("\n")}\n`);
  for (const [i, name] of ["tree", "tree/a b", "tree/a b/deep", "tree/new\nline", "tree/empty"].entries()) {
    mkdirSync(join(folder, name));
    for (let n = 0; n < 6 && i < 4; n++)
      writeFileSync(
        join(folder, name, `f${n} '${i}'.${n % 2 ? "txt" : "bin"}`),
        Buffer.alloc(next(30_000), i * 6 + n),
      );
  }
});

const ENVIRONMENT = { LC_ALL: "C", TZ: "UTC" };

/** What a script prints in the guest, whose /data is the folder. It must be all right. */
function inGuest(text: string, access: "ro" | "rw" = "ro"): string {
  const env = Object.entries(ENVIRONMENT).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const { status, stdout, stderr } = application(["/bin/bash", "-c", text], {
    options: ["--mem", "1G", "--mount", `${folder}:/data:${access}`, "--cwd", "/data", ...env],
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

function onHost(text: string): string {
  return execFileSync("bash", ["-c", text], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...ENVIRONMENT },
  });
}

function expectSame(text: string): void {
  const expected = onHost(text);
  expect(expected.length).toBeGreaterThan(100);
  expect(inGuest(text)).toBe(expected);
}

describe("text tools", () => {
  it("gawk does what it does under QEMU", () => {
    const program = `
      function depth(n) { return n == 0 ? 0 : 1 + depth(n - 1) }
      { count[$3]++; sum[$3] += $2; if (match($0, /^([0-9]+) ([0-9]*7[0-9]*) (.)/, part)) last[part[3]] = part[1] }
      $2 % 100 == 0 { $2 = "<" $2 ">"; print }
      NR == FNR && /the the/ { line = gensub(/(t)(h)e/, "\\\\2\\\\1", "g"); if (length(line) % 7 == 0) print toupper(line) }
      END {
        n = asorti(count, name); for (i = 1; i <= n; i++) printf "%-8s|%5d|%10.3f|%e\\n", name[i], count[name[i]], sum[name[i]] / count[name[i]], exp(i)
        PROCINFO["sorted_in"] = "@ind_str_asc"; for (c in last) print c, last[c]
        print NR, depth(1000), substr("abcdef", 3, 2), split("a:b::c", p, ":"), p[4], sprintf("%c%x%o", 65, 255, 8), strftime("%F", 86400), xor(12, 10)
        while ((getline text < file) > 0) total += length(text); print total
      }`;
    const path = join(folder, "program.awk");
    writeFileSync(path, program);
    const lines = join(folder, "lines");
    const expected = qemu(
      ["-L", applications, join(applications, "usr/bin/gawk"), "-v", `file=${lines}`, "-f", path, lines],
      { env: ENVIRONMENT },
    ).stdout;
    expect(expected.length).toBeGreaterThan(1000);
    expect(inGuest("gawk -v file=lines -f program.awk lines")).toBe(expected);
  });

  it("sed edits, holds, branches and writes files", () => {
    expectSame(`sed -n '/gamma/{s/\\([0-9]*\\) \\([0-9]*\\)/\\2:\\1/;p}' lines | sed '5q'; sed -E '1~500!d;s/(alpha|beta)/[&]/gI;y/abc/xyz/' lines
      sed -n '1!G;h;$p' <(head -50 lines); sed ':a;N;$!ba;s/\\n/,/g' <(head -30 lines); sed -s -n '$=;F' lines /dev/stdin < lines
      from=$PWD; cd "$(mktemp -d)"; head -100 "$from/lines" > in; sed -i.old -e '/alpha/w taken' -e '/alpha/d' in; wc -l in in.old taken`);
  });

  it("grep finds words, lines, bytes and files", () => {
    expectSame(`grep -c gamma lines; grep -nE '^[0-9]+ (1|2)[0-9]{2} (alpha|beta) x=1$' lines; grep -wo 'the' lines | wc -l; grep -bF 'a.b a.b' lines | head -5
      grep -E '(the) \\1 \\1' lines | head -3; grep -vc '[a-z]' lines; grep -m3 -A1 -B1 ÉTÉ lines; grep -q nothing lines; echo $?; grep -f <(echo 12; echo 77) -cx lines; echo $?
      grep -rlZ --include='*.txt' . tree | sort -z | tr '\\0' '@'; grep -aPo '\\d+(?= 99\\d )' lines | head -5; grep missing no-such-file 2> /dev/null; echo $?`);
  });

  it("find and xargs go through a tree, with all that names can have in them", () => {
    expectSame(`find tree -printf '%y %p %d\\n' | sort; find tree -type f -size +20k -printf '%s %f\\n' | sort; find tree -empty; find tree -name '*.txt' -path '*deep*' -print0 | sort -z | tr '\\0' '@'
      find tree -type f -print0 | sort -z | xargs -0 -n 3 sh -c 'echo $#' sh; find tree -type f -size -2 -exec cat {} + | wc -c; find tree -type f -exec cksum {} + | sort | cksum; find tree -mindepth 2 -maxdepth 2 -type d -o -name 'f0*' -prune | sort
      find tree -type f -print0 | xargs -0 -P 4 -n 2 cksum | sort; seq 1000 | xargs -n 100 | cksum; seq 20 | xargs -I% -P 3 echo 'n%' | sort; echo "a 'b c' d\\ e" | xargs -n1 echo; seq 3 | xargs -n1 sh -c 'exit $0'; echo $?
      find tree -newer no-such-file 2> /dev/null; echo $?; find tree '(' -name '*3*' -o -name '*4*' ')' ! -name '*.bin' | wc -l`);
  });

  it("sort orders by keys, numbers, versions and months, merges and finds duplicates", () => {
    expectSame(`sort -k3,3 -k2,2nr lines | cksum; sort -n -k2 -s lines | cksum; sort -u -k2,2n lines | cksum; sort -t' ' -k4.2,4.3r -k1,1n lines | cksum; sort -R lines | sort | cksum
      sort -m <(sort lines) <(sort -r lines | tac) | uniq -c | sort -rn | head -3; printf '%s\\n' v1.10 v1.9 v1.2 | sort -V; printf '%s\\n' Mar jan FEB | sort -M; printf '%s\\n' 2K 1M 3 1G | sort -h; printf '%s\\n' 1e3 -2 .5 | sort -g
      sort -c lines 2> /dev/null; echo $?; sort -S 20K -T /tmp --batch-size=3 lines | cksum; sort --parallel=4 lines lines lines lines | cksum`);
  });
});

describe("archives", () => {
  it("tar and xz pack what the host unpacks, and the checksums agree", () => {
    const text = `cd /data && (cd tree && find . -type f -print0 | sort -z | xargs -0 sha256sum -z) > /data/sums && ln -s "f0 '0'.bin" tree/link && ln "tree/f1 '0'.txt" tree/hard
      tar --sort=name --owner=0 --group=0 --numeric-owner -cf - tree | xz -6 --check=sha256 -T2 > tree.tar.xz && xz -t tree.tar.xz && xz -l --robot tree.tar.xz | grep -o SHA-256 | head -1
      tar -tf tree.tar.xz | wc -l; mkdir /tmp/back && tar -xf tree.tar.xz -C /tmp/back && cd /tmp/back/tree && sha256sum --quiet -c --strict <(tr '\\0' '\\n' < /data/sums | grep -v 'new$') 2> /dev/null; cd /tmp/back && diff -r tree /data/tree && echo same; stat -c %h tree/hard; readlink tree/link`;
    expect(inGuest(text, "rw")).toBe("SHA-256\n31\nsame\n2\nf0 '0'.bin\n");
    const unpacked = onHost(
      `mkdir back && tar -xf tree.tar.xz -C back && diff -r tree back/tree && cd back/tree && find . -type f ! -name hard -print0 | sort -z | xargs -0 sha256sum -z | cmp - ../../sums && stat -c %h hard`,
    );
    expect(unpacked).toBe("2\n");
  });

  it("tar and its compressors unpack what the host packed", () => {
    onHost(
      `tar -czf host.tar.gz --format=posix lines program.awk && xz -k -c -9e lines > lines.xz && tar -cf sparse.tar -S --format=gnu lines`,
    );
    const sum = createHash("sha256")
      .update(readFileSync(join(folder, "lines")))
      .digest("hex");
    const text = `mkdir /tmp/o && tar -xzf host.tar.gz -C /tmp/o && sha256sum < /tmp/o/lines; xz -dc lines.xz | sha256sum; tar -xOf sparse.tar lines | sha256sum; gzip -9c lines | gzip -d | sha256sum
      tar -df host.tar.gz -C /tmp/o && echo equal; head -c 200 lines.xz > /tmp/cut.xz; xz -t /tmp/cut.xz 2> /dev/null; echo $?; tar -xf /tmp/cut.xz -C /tmp 2> /dev/null; echo $?`;
    expect(inGuest(text)).toBe(`${`${sum}  -\n`.repeat(4)}equal\n1\n2\n`);
  });
});

describe("sort", () => {
  it("sorts 100 MB", () => {
    const random = numbers();
    const lines = Buffer.alloc(100_000_000, "\n");
    const hex = "0123456789abcdef";
    for (let i = 0; i < lines.length; i++)
      if (i % 100 !== 99) lines[i] = hex.charCodeAt((random.next().value as number) & 15);
    writeFileSync(join(folder, "in"), lines);
    onHost("sort in -o expected");
    inGuest("sort in -o out", "rw");
    expect(onHost("cmp out expected && stat -c %s out")).toBe("100000000\n");
  });
});
