import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../toolchain.ts";
import { Console } from "./console.ts";
import { type Emulator, qemu, runikraft } from "./emulators.ts";
import { kernel, makeInitramfs, makeRootDisk } from "./images.ts";

/** Debian's kernel boots, and is a computer that one can work with. BOOT_EMULATOR=qemu tries the tests themselves. */
const emulator: Emulator = process.env.BOOT_EMULATOR === "qemu" ? qemu : runikraft;
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

test("an address by DHCP, and a gateway that answers", async () => {
  const guest = new Console(emulator({ kernel, initramfs, network: true }));
  await guest.expect("# ");
  expect(await guest.run("ifconfig eth0 up && udhcpc -q -n -i eth0 -s /etc/udhcpc.script")).toContain(
    "10.0.2.15",
  );
  expect(await guest.run("ping -c 2 10.0.2.2")).toContain(" 0% packet loss");
  guest.kill();
  await guest.ended;
});
