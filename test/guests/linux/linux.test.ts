import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { busybox, temporaryFolder } from "../toolchain.ts";
import { Console } from "./console.ts";
import { type Emulator, qemu, runikraft } from "./emulators.ts";
import { kernel, makeBootDisk, makeInitramfs, makeRootDisk } from "./images.ts";
import { freePort, serve } from "./web-server.ts";

/** Debian's kernel boots, and is a computer that one can work with. BOOT_EMULATOR=qemu tries the tests themselves. */
const emulator: Emulator = process.env.BOOT_EMULATOR === "qemu" ? qemu : runikraft;
const U_BOOT = "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf";
const OPENSBI = "/usr/lib/riscv64-linux-gnu/opensbi/generic";

const folder = temporaryFolder();
const initramfs = makeInitramfs(join(folder, "initramfs.gz"));

test.each([
  { firmware: undefined, harts: 1 },
  { firmware: undefined, harts: 4 },
  { firmware: join(OPENSBI, "fw_jump.bin"), harts: 1 },
  { firmware: join(OPENSBI, "fw_dynamic.bin"), harts: 4 },
])("to a shell that takes commands: firmware $firmware, $harts harts", async ({ firmware, harts }) => {
  const guest = new Console(
    emulator({ kernel, initramfs, harts, ...(firmware === undefined ? {} : { firmware }) }),
  );
  await guest.expect("# ");
  expect(await guest.run("uname -m")).toBe("riscv64\n");
  expect(await guest.run("nproc")).toBe(`${harts}\n`);
  guest.type("poweroff");
  expect(await guest.ended).toBe(0);
});

test("from an ext4 disk, which keeps what was written through a reboot", async () => {
  const disk = makeRootDisk(join(folder, "root.ext4"));
  const guest = new Console(emulator({ kernel, initramfs, append: "root=/dev/vda", disk }));
  await guest.expect("# ");
  expect(await guest.run("echo $BASH_VERSION")).toMatch(/^5\.\d/);
  expect(await guest.run("stat -f -c %T /")).toBe("ext2/ext3\n");
  const written = await guest.run("head -c 5000000 /dev/urandom > /root/data && sha256sum /root/data");
  await guest.run("sync");
  guest.type("reboot");
  await guest.expect("Linux version");
  await guest.expect("# ");
  expect(await guest.run("sha256sum /root/data")).toBe(written);
  guest.type("poweroff");
  expect(await guest.ended).toBe(0);
  expect(execFileSync("e2fsck", ["-fn", disk], { encoding: "utf8", stdio: "pipe" })).toContain("Pass 5");
});

test("on a network: an address, the gateway, 100 MB from the host, a page to the host", async () => {
  const content = randomBytes(100_000_000);
  const server = await serve(content);
  const webPort = await freePort();
  const guest = new Console(emulator({ kernel, initramfs, webPort }));
  await guest.expect("# ");
  expect(await guest.run("ifconfig eth0 up && udhcpc -q -n -i eth0 -s /etc/udhcpc.script")).toContain(
    "10.0.2.15",
  );
  expect(await guest.run("ping -c 2 10.0.2.2")).toContain(" 0% packet loss");
  const sum = await guest.run(`wget -q -O - http://10.0.2.2:${server.port}/ | sha256sum`, 500);
  expect(sum).toBe(`${createHash("sha256").update(content).digest("hex")}  -\n`);
  server.close();
  await guest.run("mkdir /www && cp /bin/busybox /www && httpd -h /www");
  const page = await fetch(`http://127.0.0.1:${webPort}/busybox`);
  expect(Buffer.from(await page.arrayBuffer()).equals(readFileSync(busybox))).toBe(true);
  guest.type("poweroff");
  expect(await guest.ended).toBe(0);
});

test("from a disk, by U-Boot", async () => {
  const disk = makeBootDisk(join(folder, "boot.ext4"), initramfs);
  const guest = new Console(emulator({ kernel: U_BOOT, disk }));
  await guest.expect("stop autoboot");
  guest.type("");
  await guest.expect("=> ");
  for (const command of [
    "setenv bootargs console=ttyS0",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: U-Boot's own variables.
    "load virtio 0 ${kernel_addr_r} /boot/Image",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above.
    "load virtio 0 ${ramdisk_addr_r} /boot/initramfs.gz",
  ]) {
    guest.type(command);
    await guest.expect("=> ");
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above.
  guest.type("booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}");
  await guest.expect("Linux version");
  await guest.expect("~ # ");
  expect(await guest.run("cat /proc/cmdline")).toBe("console=ttyS0\n");
  guest.type("poweroff");
  expect(await guest.ended).toBe(0);
});
