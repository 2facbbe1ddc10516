import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

/** W^X is relaxed for Node.js alone. */
const OPTIONS = ["--mem", "1G", "--cwd", "/tmp", "--allow-wx=/usr/bin/node"];

/** What a script of Node.js prints, and its status if that is not 0. */
function node(script: string): string {
  const { status, stdout, stderr } = application(["/usr/bin/node", "-e", script], { options: OPTIONS });
  return stdout + stderr + (status === 0 ? "" : `status ${status}\n`);
}

/** Asks for a page to write and run, by `mmap` and by `mprotect`, and prints the errors. */
const ASK = `import ctypes, mmap
try: mmap.mmap(-1, 4096, prot=7); print("mapped")
except OSError as error: print(error.strerror)
libc = ctypes.CDLL(None, use_errno=True); page = mmap.mmap(-1, 4096); at = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(libc.mprotect(ctypes.c_void_p(at), 4096, 7), ctypes.get_errno())`;
const EACCES = 13;

describe("Node.js", () => {
  it("compiles what runs often", () => {
    const script = `function mix(a, n) { for (let i = 0; i < n; i++) a = (Math.imul(a, 31) + i) | 0; return a; }
      let a = 1; for (let i = 0; i < 300; i++) a = mix(a, 1000);
      const maps = require("fs").readFileSync("/proc/self/maps", "latin1");
      console.log(a, /rwx/.test(maps), typeof WebAssembly);`;
    let a = 1;
    for (let i = 0; i < 300; i++) for (let j = 0; j < 1000; j++) a = (Math.imul(a, 31) + j) | 0;
    expect(node(script)).toBe(`${a} true object\n`);
  });

  it("has worker threads, files, timers and child processes", () => {
    const script = `const { Worker } = require("worker_threads"), fs = require("fs"), { execFileSync, spawn } = require("child_process");
      const text = "parentPort.on('message', (n) => { let sum = 0; for (let i = 0; i <= n; i++) sum += i; parentPort.postMessage(sum); parentPort.close(); })";
      const worker = new Worker("const { parentPort } = require('worker_threads');" + text, { eval: true });
      const answer = new Promise((resolve) => worker.on("message", resolve)); worker.postMessage(100000);
      (async () => {
        console.log(await answer);
        await fs.promises.writeFile("f", "x".repeat(100000)); console.log((await fs.promises.readFile("f")).length, fs.statSync("f").size);
        console.log(execFileSync("/bin/echo", ["child"]).toString().trim());
        const cat = spawn("/bin/cat"); cat.stdin.end("through a pipe"); for await (const part of cat.stdout) console.log(part.toString());
        console.log(await new Promise((resolve) => spawn("/bin/sh", ["-c", "exit 5"]).on("exit", resolve)));
        await new Promise((resolve) => setTimeout(resolve, 20)); console.log(require("crypto").createHash("sha1").update("abc").digest("hex").slice(0, 8));
      })();`;
    expect(node(script)).toBe("5000050000\n100000 100000\nchild\nthrough a pipe\n5\na9993e36\n");
  });

  it("has pages to write and run where no other program of its machine has them", () => {
    const refused = `Permission denied\n-1 ${EACCES}\n`;
    const script = `const { spawnSync } = require("child_process");
      const run = (...words) => process.stdout.write(spawnSync(words[0], words.slice(1)).output.join(""));
      run("python3", "-c", process.env.ASK); run("node", "-e", "console.log(6 * 7)");`;
    const text = `python3 -c "$ASK"; node -e '${script}'`;
    const { stdout, stderr } = application(["/bin/sh", "-c", text], {
      options: [...OPTIONS, "--env", `ASK=${ASK}`],
    });
    expect(stdout + stderr).toBe(`${refused}${refused}42\n`);
    const everybody = ["--allow-wx", "--mem", "512M"];
    expect(application(["/usr/bin/python3", "-c", ASK], { options: everybody }).stdout).toBe("mapped\n0 0\n");
  });

  it("cannot start without them", () => {
    const { status, stdout } = application(["/usr/bin/node", "-e", "console.log('started')"], {
      options: ["--mem", "1G"],
    });
    expect(status).not.toBe(0);
    expect(stdout).toBe("");
  });
});
