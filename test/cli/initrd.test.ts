import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { assembled, file, folder, runikraft } from "./command-line.ts";

/** Prints the file /etc/text. */
const printer = () =>
  assembled(
    "print-text",
    `.option pic
    .text
    .globl _start
_start: li a0, -100
    la a1, path
    li a2, 0
    li a7, 56
    ecall
    mv s0, a0
    addi sp, sp, -64
    mv a1, sp
    li a2, 64
    li a7, 63
    ecall
    mv a2, a0
    li a0, 1
    mv a1, sp
    li a7, 64
    ecall
    li a0, 0
    li a7, 94
    ecall
    .section .rodata
path: .asciz "/etc/text"
`,
  );

/** A tar archive with the program as /bin/print. */
function archive(): Uint8Array {
  const tree = join(folder, "initrd-tree");
  mkdirSync(join(tree, "bin"), { recursive: true });
  mkdirSync(join(tree, "etc"), { recursive: true });
  writeFileSync(join(tree, "bin/print"), readFileSync(printer()), { mode: 0o755 });
  writeFileSync(join(tree, "etc/text"), "from the archive\n");
  return execFileSync("tar", ["-C", tree, "-c", "."]);
}

describe("an archive as root", () => {
  it("holds the program and its files, plain or packed", () => {
    const bytes = archive();
    for (const [name, content] of [
      ["root.tar", bytes],
      ["root.tar.gz", gzipSync(bytes)],
    ] as const) {
      const path = file(name, content);
      const result = runikraft(["run", "--initrd", path, "/bin/print"]);
      expect(result).toMatchObject({ status: 0, stdout: "from the archive\n", stderr: "" });
    }
  });

  it("is refused in one line where it is none", () => {
    const bytes = archive();
    bytes[10] ^= 1;
    for (const content of [new Uint8Array(600), bytes, gzipSync(bytes).subarray(0, 100)]) {
      const path = file("bad.tar", content);
      const { status, stderr } = runikraft(["run", "--initrd", path, printer()]);
      expect(status).toBe(3);
      expect(stderr.trim().split("\n").length).toBe(1);
      expect(stderr).toContain(path);
    }
  });

  it("may be named by a Runikraftfile", () => {
    file("composed.tar", archive());
    const path = file("Runikraftfile", "program: /bin/print\ninitrd: composed.tar\n");
    const expected = { status: 0, stdout: "from the archive\n", stderr: "" };
    expect(runikraft(["run", "-f", path])).toMatchObject(expected);
    // The command line's tree goes before it.
    expect(runikraft(["run", "-f", path, "--root", folder])).toMatchObject({ status: 3, stdout: "" });
  });

  it("is the one root", () => {
    const path = file("root.tar", archive());
    expect(runikraft(["run", "--root", folder, "--initrd", path, "/bin/print"]).status).toBe(2);
  });
});
