import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

function python(text: string): string {
  const { status, stdout, stderr } = application(["/usr/bin/python3", "-c", text], {
    options: ["--mem", "1G"],
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

describe("Python", () => {
  it("has json, hashlib, sqlite3 and threads", () => {
    const text = `
import json, hashlib, sqlite3, threading, queue, time
data = {"a": [1, 2.5, None, True, "\\u00e9"], "b": {"c": "d"}}
assert json.loads(json.dumps(data)) == data
print(hashlib.sha256(b"x" * 100000).hexdigest()[:16], hashlib.blake2b(b"").hexdigest()[:8])
db = sqlite3.connect(":memory:"); db.execute("create table t(x)")
db.executemany("insert into t values (?)", ((i,) for i in range(1000)))
print(db.execute("select sum(x) from t").fetchone())
work, done, lock, total = queue.Queue(10), threading.Event(), threading.Lock(), 0
def worker():
    global total
    while (item := work.get()) is not None:
        with lock: total += item
threads = [threading.Thread(target=worker) for _ in range(8)]
for t in threads: t.start()
for i in range(2000): work.put(i)
for t in threads: work.put(None)
for t in threads: t.join()
print(total)
barrier = threading.Barrier(5); order = []
def meet(): barrier.wait(20); order.append(1)
threads = [threading.Thread(target=meet) for _ in range(4)]
for t in threads: t.start()
barrier.wait(20)
for t in threads: t.join()
start = time.monotonic(); print(len(order), done.wait(0.2), time.monotonic() - start >= 0.2)
start = time.monotonic(); print(threading.Lock().acquire(), threading.Semaphore(0).acquire(timeout=0.2), time.monotonic() - start >= 0.2)
`;
    expect(python(text)).toBe(
      "d69e689881578332 786a02f7\n(499500,)\n1999000\n4 False True\nTrue False True\n",
    );
  });

  it("has subprocess and asyncio", () => {
    const text = `
import subprocess, asyncio, sys, signal
print(subprocess.run(["tr", "a-z", "A-Z"], input="text", capture_output=True, text=True).stdout)
try: subprocess.run(["sleep", "100"], timeout=0.3)
except subprocess.TimeoutExpired: print("timeout")
p = subprocess.Popen(["sleep", "100"], start_new_session=True); p.send_signal(signal.SIGTERM); print(p.wait())
a = subprocess.Popen(["seq", "100000"], stdout=subprocess.PIPE)
b = subprocess.Popen(["wc", "-c"], stdin=a.stdout, stdout=subprocess.PIPE); a.stdout.close(); print(int(b.communicate()[0]))
print(subprocess.getstatusoutput("echo out; echo err >&2; exit 3"))
async def main():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
    async with await asyncio.start_unix_server(serve, "/tmp/server"):
        async def ask(i):
            reader, writer = await asyncio.open_unix_connection("/tmp/server")
            writer.write(f"question {i}\\n".encode()); answer = await reader.read(); writer.close(); return answer
        print(sorted(await asyncio.gather(*map(ask, range(20))))[19])
    p = await asyncio.create_subprocess_exec("sh", "-c", "read x; echo got $x", stdin=-1, stdout=-1)
    print((await p.communicate(b"it\\n"))[0], p.returncode)
    print(await asyncio.to_thread(sum, range(10)))
    try: await asyncio.wait_for(asyncio.Event().wait(), 0.1)
    except TimeoutError: print("timed out")
asyncio.run(main())
`;
    expect(python(text)).toBe(
      "TEXT\ntimeout\n-15\n588895\n(3, 'out\\nerr')\nb'QUESTION 9\\n'\nb'got it\\n' 0\n45\ntimed out\n",
    );
  });

  it("has multiprocessing by fork", () => {
    const program = `
import multiprocessing as mp, os
from multiprocessing import shared_memory
def square(x): return x * x
def produce(q, n):
    for i in range(n): q.put((os.getpid() != os.getppid(), i))
def add(value, lock, shared):
    for _ in range(100):
        with lock: value.value += 1
    memory = shared_memory.SharedMemory(shared); memory.buf[0] += 1; memory.close()
def fill(d, k): d[k] = k * 2
if __name__ == "__main__":
    mp.set_start_method("fork")
    with mp.Pool(3) as pool: print(sum(pool.map(square, range(200))), pool.apply_async(square, (9,)).get(50))
    q = mp.Queue(); p = mp.Process(target=produce, args=(q, 50)); p.start(); print(sum(q.get(timeout=50)[1] for _ in range(50))); p.join(); print(p.exitcode)
    value, lock, memory = mp.Value("i", 0, lock=False), mp.Lock(), shared_memory.SharedMemory(create=True, size=100)
    ps = [mp.Process(target=add, args=(value, lock, memory.name)) for _ in range(3)]
    for p in ps: p.start()
    for p in ps: p.join()
    print(value.value, memory.buf[0] > 0); memory.close(); memory.unlink()
    with mp.Manager() as manager:
        d = manager.dict(); ps = [mp.Process(target=fill, args=(d, k)) for k in range(3)]
        for p in ps: p.start()
        for p in ps: p.join()
        print(sorted(d.items()))
    a, b = mp.Pipe(); a.send({"x": [1]}); print(b.recv(), b.poll(0.05))
`;
    const text = `cat > /tmp/m.py <<'END'\n${program}\nEND\npython3 /tmp/m.py`;
    const { status, stdout, stderr } = application(["/bin/bash", "-c", text], { options: ["--mem", "1G"] });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("2646700 81\n1225\n0\n300 True\n[(0, 0), (1, 2), (2, 4)]\n{'x': [1]} False\n");
  });

  it("has multiprocessing by spawn and by a fork server, and removes what is left behind", () => {
    const program = `
import multiprocessing as mp, os
from multiprocessing import shared_memory
def answer(pipe, event, memory):
    block = shared_memory.SharedMemory(memory); block.buf[0] = 42; block.close()
    pipe.send((pipe.recv() * 2, os.getppid() == mp.parent_process().pid)); event.set(); raise SystemExit(3)
def leave(): print(shared_memory.SharedMemory("left", create=True, size=10).size, flush=True); os._exit(0)
if __name__ == "__main__":
    for method in "spawn", "forkserver":
        context = mp.get_context(method); near, far = context.Pipe(); event = context.Event(); block = shared_memory.SharedMemory(create=True, size=10)
        process = context.Process(target=answer, args=(far, event, block.name)); process.start(); near.send(21)
        print(near.recv(), event.wait(100)); process.join(); print(process.exitcode, block.buf[0]); block.close(); block.unlink()
    with mp.get_context("spawn").Pool(2) as pool: print(pool.map(abs, range(-3, 3)))
    process = mp.get_context("fork").Process(target=leave); process.start(); process.join()
`;
    const text = `cat > /tmp/m.py <<'END'\n${program}\nEND\npython3 /tmp/m.py 2> /tmp/said; echo $?
      for i in {1..600}; do [ -e /dev/shm/left ] || break; sleep 0.1; done; ls /dev/shm | wc -l; grep -o 'leaked shared_memory objects' /tmp/said`;
    const { status, stdout, stderr } = application(["/bin/bash", "-c", text], { options: ["--mem", "1G"] });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(
      "(42, True) True\n3 42\n(42, False) True\n3 42\n[3, 2, 1, 0, 1, 2]\n10\n0\n0\nleaked shared_memory objects\n",
    );
  });

  it("makes virtual environments without a network", () => {
    const text = `cd /tmp && python3 -m venv --without-pip env && . env/bin/activate
      python -c 'import sys; print(sys.prefix, sys.prefix != sys.base_prefix)'; which python
      echo 'def hi(): print("hi")' > "$(python -c 'import site; print(site.getsitepackages()[0])')/mine.py"; python -c 'import mine; mine.hi()'`;
    const { status, stdout, stderr } = application(["/bin/bash", "-c", text]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("/tmp/env True\n/tmp/env/bin/python\nhi\n");
  });
});
