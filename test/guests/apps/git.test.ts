import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** What a script prints in a home where git knows its user, and its status if that is not 0. */
function script(text: string): string {
  const setUp = `set -e; export HOME=/tmp; git config --global user.name a; git config --global user.email a@example
    git config --global init.defaultBranch main; git config --global advice.detachedHead false
    git init -q r; cd r; for i in 1 2 3; do echo "line $i" >> file; git add file; git commit -q -m "commit $i"; done`;
  const { status, stdout, stderr } = application(["/bin/sh", "-c", `${setUp}\n${text}`], {
    options: ["--cwd", "/tmp"],
  });
  return stdout + stderr + (status === 0 ? "" : `status ${status}\n`);
}

describe("git", () => {
  it("commits, branches and merges, and its log shows that", () => {
    const text = `git switch -q -c topic HEAD~1; echo topic > other; git add other; git commit -q -m topic
      git switch -q main; git merge -q -m merged topic; git log --oneline --graph --format=%s; cat file other
      git branch; git diff --stat HEAD~2 HEAD -- file; git blame -s file | wc -l; git status --short`;
    const graph = "*   merged\n|\\  \n| * topic\n* | commit 3\n|/  \n* commit 2\n* commit 1\n";
    const rest = "* main\n  topic\n file | 1 +\n 1 file changed, 1 insertion(+)\n3\n";
    expect(script(text)).toBe(`${graph}line 1\nline 2\nline 3\ntopic\n${rest}`);
  });

  it("tells of a conflict, and takes its resolution", () => {
    const text = `git switch -q -c other HEAD~1; echo else >> file; git commit -q -am else; git switch -q main
      git merge other && exit 9; cat file | cut -d' ' -f1; git status --short
      echo resolved > file; git commit -q -am resolved; git log -1 --format='%s %p' | wc -w; git status --short`;
    const conflict = "Auto-merging file\nCONFLICT (content): Merge conflict in file\n";
    const marked = "line\nline\n<<<<<<<\nline\n=======\nelse\n>>>>>>>\n";
    const said = script(text);
    expect(said).toBe(
      `${conflict}Automatic merge failed; fix conflicts and then commit the result.\n${marked}UU file\n3\n`,
    );
  });

  it("packs what it has, and finds it whole, and what was damaged", () => {
    const text = `count() { git count-objects -v | grep -E '^(count|in-pack|packs)' | tr '\\n' ' '; }
      count; git gc -q; count; git repack -q -adf; count; echo; git fsck --full --strict; git show HEAD~2:file
      pack=$(echo .git/objects/pack/*.pack); chmod u+w $pack; printf x | dd of=$pack bs=1 seek=100 conv=notrunc status=none
      git fsck --full > /dev/null 2>&1 && echo unseen; echo end`;
    const loose = "count: 9 in-pack: 0 packs: 0 ";
    const packed = "count: 0 in-pack: 9 packs: 1 ";
    expect(script(text)).toBe(`${loose}${packed}${packed}\nline 1\nend\n`);
  });

  it("clones a repository, with and without links, pushes to it and pulls from it", () => {
    const text = `cd ..; git clone -q r linked; git clone -q file:///tmp/r copied; git clone -q --bare --no-hardlinks r bare
      stat -c %h $(find linked/.git/objects -type f | head -1) $(find bare/objects -type f | head -1)
      cd linked; git log -1 --format=%s; echo more >> file; git commit -q -am more; git push -q origin HEAD:pushed
      git -C ../r log -1 --format=%s pushed; cd ../copied; git pull -q origin pushed; tail -1 file; git fsck; git -C ../bare fsck
      tar -c . | md5sum | wc -c; git archive HEAD | tar -t`;
    expect(script(text)).toBe("2\n1\ncommit 3\nmore\nmore\n36\nfile\n");
  });
});
