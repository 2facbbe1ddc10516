import { expect, test } from "vitest";
import { temporaryFolder } from "../toolchain.ts";
import { Console } from "./console.ts";
import { runikraft } from "./emulators.ts";
import { kernel, makeInitramfs } from "./images.ts";

/** What the other tests of this folder do for minutes, once as far as the shell, with all that it reaches translated. */
test("Linux boots under --jit=always", async () => {
  const initramfs = makeInitramfs(`${temporaryFolder()}/initramfs.gz`);
  const [program, script, boot, ...options] = runikraft({ kernel, initramfs });
  const guest = new Console([program, script, boot, "--jit", "always", ...options]);
  await guest.expect("# ", 500);
  expect(await guest.run("cat /proc/sys/kernel/ostype", 100)).toBe("Linux\n");
  guest.type("poweroff");
  expect(await guest.ended).toBe(0);
});
