import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRawDisk } from "../../../src/host/disk.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { shareDirectory } from "../../../src/host/shared-directory.ts";
import { nodeSockets } from "../../../src/host/sockets.ts";
import { nodeTimers } from "../../../src/host/timers.ts";
import { VsockSockets } from "../../../src/host/vsock.ts";
import type { ExtraDevice } from "../../../src/machine/machine-options.ts";
import { cable } from "../../../src/net/cable.ts";
import { Gateway } from "../../../src/net/gateway/gateway.ts";
import { compileStatic, root, temporaryFolder } from "../toolchain.ts";
import { kernel, makeInitramfs } from "./images.ts";
import { MachineGuest } from "./machine-guest.ts";

/** Linux's drivers against every device, over both versions of the transport and both kinds of ring. */

const folder = temporaryFolder();
const initramfs = makeInitramfs(join(folder, "initramfs.gz"));
const MIB = 2 ** 20;
const [WIDTH, HEIGHT] = [1280, 800];
const VSOCK_PORT = 1000;

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

interface Setup {
  readonly harts: number;
  readonly virtioVersion: 1 | 2;
  readonly packedRings: boolean;
  readonly extra: readonly ExtraDevice[];
}

// Linux drives screens and keyboards over version 2 only.
describe.each<Setup>([
  { harts: 1, virtioVersion: 1, packedRings: false, extra: ["virtio-vsock", "virtio-balloon"] },
  {
    harts: 4,
    virtioVersion: 2,
    packedRings: true,
    extra: ["virtio-gpu", "virtio-keyboard", "virtio-tablet"],
  },
])("version $virtioVersion, packed $packedRings, $harts harts", ({ harts, extra, ...transport }) => {
  const place = join(folder, `${harts}`);
  const shared = join(place, "shared");
  const diskFile = join(place, "disk");
  const content = randomBytes(2 * MIB);
  const vsock = new VsockSockets(join(place, "vsock"));
  const [port, socket] = cable();
  const gateway = new Gateway({
    port: socket,
    sockets: nodeSockets,
    timers: nodeTimers,
    random: nodeHost.entropy,
    allow: "all",
    largeFrames: true,
  });
  const uploads: Buffer[] = [];
  const server = createServer(serve);
  let guest: MachineGuest;

  beforeAll(async () => {
    mkdirSync(shared, { recursive: true });
    writeFileSync(diskFile, "");
    truncateSync(diskFile, 16 * MIB);
    writeFileSync(join(place, "secret"), "SECRET");
    symlinkSync(join(place, "secret"), join(shared, "absolute"));
    symlinkSync("../secret", join(shared, "relative"));
    writeFileSync(join(shared, "content"), content);
    compileStatic(join(root, "test/guests/linux/files/vsock-echo.c"), join(shared, "vsock-echo"));
    createSocketServer({ allowHalfOpen: true }, (echo) => echo.pipe(echo)).listen(
      join(place, `vsock_${VSOCK_PORT}`),
    );
    server.listen(0, "127.0.0.1");
    guest = await MachineGuest.boot({
      kernel,
      initramfs,
      harts,
      ...transport,
      drives: [await openRawDisk(diskFile, { readOnly: false })],
      network: port,
      shares: [{ tag: "shared", tree: shareDirectory(shared, true) }],
      devices: extra,
      vsock,
    });
    await guest.run("mkdir /shared; mount -t 9p -o trans=virtio,version=9p2000.L,cache=mmap shared /shared");
  });

  afterAll(async () => {
    gateway.close();
    server.close();
    guest.machine.type("poweroff\n");
    await expect(guest.ended).resolves.toEqual({ reason: "off", exitCode: 0 });
    await guest.machine.close();
  });

  test("the disk keeps what is written, with many requests under way", async () => {
    await guest.run(
      "for i in 0 1 2 3; do dd if=/shared/content of=/dev/vda bs=64k seek=$((32 * i)) oflag=direct & done; wait",
    );
    const disk = readFileSync(diskFile);
    for (let i = 0; i < 4; i++) expect(md5(disk.subarray(2 * i * MIB, 2 * (i + 1) * MIB))).toBe(md5(content));
    await guest.run(
      "dd if=/shared/content of=/dev/vda bs=1M seek=10 conv=fsync; blkdiscard -l 1048576 /dev/vda",
    );
    expect(md5(readFileSync(diskFile).subarray(10 * MIB, 12 * MIB))).toBe(md5(content));
    await guest.run("echo 3 > /proc/sys/vm/drop_caches");
    expect(await guest.run("dd if=/dev/vda bs=1M skip=10 count=2 2>/dev/null | md5sum")).toContain(
      md5(content),
    );
  });

  test("files go to the share and back, and nothing outside is reached", async () => {
    const commands = [
      "cp /shared/content /tmp/copy",
      "mkdir /shared/new",
      "cp /tmp/copy /shared/new/one",
      "mv /shared/new/one /shared/new/two",
      "for i in $(seq 100); do echo $i >> /shared/new/log; done",
      "ln -s two /shared/new/link",
      "cp /bin/busybox /shared/busybox",
      "/shared/busybox md5sum /shared/new/link",
    ];
    expect(await guest.run(commands.join("; "))).toContain(md5(content));
    expect(md5(readFileSync(join(shared, "new/two")))).toBe(md5(content));
    expect(readFileSync(join(shared, "new/log"), "latin1").split("\n")).toHaveLength(101);
    const outside = "cat /shared/absolute /shared/relative /shared/../secret; true";
    expect(await guest.run(outside)).not.toContain("SECRET");
  });

  test("the network: a lease, downloads, uploads, and a server in the guest", async () => {
    const lease = await guest.run("ifconfig eth0 up && udhcpc -q -n -i eth0 -s /etc/udhcpc.script");
    expect(lease).toContain("10.0.2.15");
    expect(await guest.run("ping -c 1 10.0.2.2")).toContain(" 0% packet loss");
    const address = `10.0.2.2:${(server.address() as AddressInfo).port}`;
    expect(await guest.run(`wget -q -O - http://${address}/ | md5sum`)).toContain(md5(content));
    await guest.run(
      `base64 /shared/content > /tmp/text; wget -q -O - --post-file=/tmp/text http://${address}/`,
    );
    expect(md5(Buffer.from(uploads[0].toString("latin1"), "base64"))).toBe(md5(content));
    await guest.run("httpd -h /shared");
    const listener = await gateway.forward({
      protocol: "tcp",
      hostAddress: "127.0.0.1",
      hostPort: 0,
      guestPort: 80,
    });
    const url = `http://127.0.0.1:${listener.port}/content`;
    const got = await promisify(execFile)("curl", ["-sS", url], { encoding: "buffer", maxBuffer: 4 * MIB });
    expect(md5(got.stdout)).toBe(md5(content));
  });

  test("random numbers, a second console, and the time", async () => {
    expect(await guest.run("cat /sys/class/misc/hw_random/rng_current")).toMatch(/^virtio_rng/);
    expect(await guest.run("head -c 3000 /dev/hwrng | wc -c")).toBe("3000\n");
    guest.machine.devices.console?.ports[0].resize(97, 31);
    await guest.run("exec 5<>/dev/hvc0; sleep 0.2");
    expect(await guest.run("stty size <&5; exec 5>&-")).toBe("31 97\n");
    const seconds = Number(await guest.run('date -u -d "$(hwclock -r -u | cut -c 5-24)" +%s'));
    expect(seconds).toBeGreaterThan(0);
  });

  if (extra.includes("virtio-gpu"))
    test("what is painted is on the screen", async () => {
      const picture = new Uint8Array(WIDTH * HEIGHT * 4).map((_, i) =>
        i % 4 === 3 ? 0 : (i * 7 + (i >> 9)) & 255,
      );
      writeFileSync(join(shared, "picture"), picture);
      await guest.run("echo 0 > /sys/class/vtconsole/vtcon1/bind; cat /shared/picture > /dev/fb0; sleep 1");
      const screen = guest.machine.devices.gpu?.screenshot();
      expect([screen?.width, screen?.height]).toEqual([WIDTH, HEIGHT]);
      // The guest's pixels are blue, green, red and nothing.
      const shown = picture.map((_, i) => (i % 4 === 3 ? 255 : picture[i + 2 - 2 * (i % 4)]));
      expect(md5(screen!.rgba)).toBe(md5(shown));
    });

  if (extra.includes("virtio-keyboard"))
    test("keys and positions arrive", async () => {
      const { keyboard, tablet } = guest.machine.devices;
      for (const i of [0, 1])
        await guest.run(`(timeout 5 cat /dev/input/event${i} | od -An -v -tx2 -w24 > /tmp/events${i} &)`);
      await guest.run("sleep 1");
      keyboard?.typeText("a");
      tablet?.moveTo(0x1234, 0x7fff);
      await guest.run("sleep 5");
      const events = async (device: number) => {
        const lines = (await guest.run(`cut -c 42- /tmp/events${device}`)).split("\n");
        return lines.filter((line) => line !== "");
      };
      const end = "0000 0000 0000 0000";
      expect(await events(0)).toEqual(["0001 001e 0001 0000", end, "0001 001e 0000 0000", end]);
      expect(await events(1)).toEqual(["0003 0000 1234 0000", "0003 0001 7fff 0000", end]);
    });

  if (extra.includes("virtio-vsock"))
    test("a program talks to the host by vsock", async () => {
      const echo = `/shared/vsock-echo ${VSOCK_PORT} < /shared/content | md5sum`;
      expect(await guest.run(echo)).toContain(md5(content));
      expect(await guest.run("/shared/vsock-echo 1 < /dev/null || true")).toContain("reset");
    });

  if (extra.includes("virtio-balloon"))
    test("the balloon gives memory back", async () => {
      const { board, devices } = guest.machine;
      const pages = (64 * MIB) / 4096;
      await guest.run("dd if=/dev/zero of=/tmp/much bs=1M count=40; rm /tmp/much");
      const before = board.ram.residentPages;
      devices.balloon!.target = pages;
      while (devices.balloon!.actual < pages) await guest.run("sleep 0.2");
      expect(board.ram.residentPages).toBeLessThan(before);
      devices.balloon!.target = 0;
      while (devices.balloon!.actual > 0) await guest.run("sleep 0.2");
      expect(await guest.run("md5sum /tmp/copy")).toContain(md5(content));
    });

  if (harts > 1)
    test("harts are stopped and started", async () => {
      await guest.run("for i in 1 2 3; do echo 0 > /sys/devices/system/cpu/cpu$i/online; done");
      expect(await guest.run("cat /sys/devices/system/cpu/online")).toBe("0\n");
      await guest.run("for i in 3 1 2; do echo 1 > /sys/devices/system/cpu/cpu$i/online; done");
      expect(await guest.run("for i in 0 1 2 3; do taskset $((1 << i)) nproc; done")).toBe("1\n1\n1\n1\n");
    });

  function serve(...[request, response]: Parameters<RequestListener>): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "POST") uploads.push(Buffer.concat(chunks));
      response.end(request.method === "POST" ? "" : content);
    });
  }
});
