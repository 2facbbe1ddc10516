import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** Quick modules of Python's own test suite that ask much of a system, and how many tests each has at least. */
const MODULES = {
  files: {
    test_filecmp: 16,
    test_fileinput: 57,
    test_fileio: 97,
    test_genericpath: 25,
    test_mmap: 50,
    test_posixpath: 94,
    test_stat: 20,
  },
  "terminals and waiting": {
    test_ioctl: 4,
    test_openpty: 1,
    test_poll: 7,
    test_pty: 6,
    test_select: 6,
    test_termios: 20,
    test_tty: 4,
  },
  "processes and users": {
    test_bisect: 46,
    test_grp: 4,
    test_pwd: 3,
    test_shlex: 18,
    test_threadsignals: 6,
    test_wait4: 2,
  },
} as const;

describe("Python's own tests", () => {
  it.each(Object.entries(MODULES))("pass: %s", (_subject, modules) => {
    const names = Object.keys(modules);
    const { status, stdout, stderr } = application(["/usr/bin/python3", "-m", "test", "-v", ...names], {
      options: ["--mem", "1G", "--cwd", "/tmp", "--env", "TERM=xterm"],
    });
    const said = stdout + stderr;
    expect({ status, wrong: said.match(/^(ERROR|FAIL): .*$/gm) }).toEqual({ status: 0, wrong: null });
    expect(said).toContain("Result: SUCCESS");
    const ran = [...said.matchAll(/^Ran (\d+) tests? in /gm)].map((match) => Number(match[1]));
    expect(ran.length).toBe(names.length);
    // A later release of Python may have more of them.
    for (const [i, [name, count]] of Object.entries(modules).entries())
      expect(ran[i], name).toBeGreaterThanOrEqual(count);
  });
});
