/**
 * Runs test/guests: what needs Debian's packages. As root it installs the missing ones; otherwise it names
 * them and fails. Guest programs (Debian's own riscv64 builds) are unpacked into a cache of their own.
 *
 *     node tools/test-guests.js [--install-only] [vitest options]
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./stale.js";

/** Package, and a file that says it is there. */
const HOST_PACKAGES = [
  ["qemu-user", "/usr/bin/qemu-riscv64"],
  ["qemu-system-misc", "/usr/bin/qemu-system-riscv64"],
  ["gcc-riscv64-linux-gnu", "/usr/bin/riscv64-linux-gnu-gcc"],
  ["libc6-dev-riscv64-cross", "/usr/riscv64-linux-gnu/lib/libc.a"],
  ["binutils-riscv64-linux-gnu", "/usr/bin/riscv64-linux-gnu-objdump"],
  ["bsdutils", "/usr/bin/script"],
];
/**
 * riscv64 packages of Debian stable, unpacked side by side into one tree: programs to run, and what it takes to
 * link a static-PIE program (Debian 12's own linker for riscv64 cannot, so theirs runs under qemu-riscv64).
 */
const GUEST_PACKAGES = [
  "busybox-static",
  ...["libc6", "libc6-dev", "linux-libc-dev"],
  ...[
    "binutils-riscv64-linux-gnu",
    "libbinutils",
    "libctf0",
    "libsframe1",
    "libjansson4",
    "libzstd1",
    "zlib1g",
  ],
];
const SUITE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "runikraft", SUITE);
const tree = join(cache, "root");

function fail(message) {
  process.stderr.write(`test:guests: ${message}\n`);
  process.exit(1);
}

function run(command, args, options = {}) {
  execFileSync(command, args, { stdio: ["ignore", 2, 2], ...options });
}

function installHostPackages() {
  const missing = HOST_PACKAGES.filter(([, file]) => !existsSync(file)).map(([name]) => name);
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) fail(`these Debian packages are missing; install them first:\n  ${command}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["-q", "update"], { env });
  run("apt-get", ["-qy", "install", "--no-install-recommends", ...missing], { env });
}

/** The Debian mirror that this machine itself uses. */
function mirror() {
  const lines = execFileSync("apt-get", ["indextargets", "--format", "$(REPO_URI)"], { encoding: "utf8" });
  const addresses = lines.split("\n").filter((line) => line !== "" && !line.includes("security"));
  if (addresses.length === 0) fail("apt-get names no package source to take riscv64 packages from");
  return addresses[0];
}

/** Downloads and unpacks the guest packages with an apt configuration that leaves the machine's own alone. */
function unpackGuestPackages() {
  const wanted = GUEST_PACKAGES.join(" ");
  const stamp = join(cache, "unpacked");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const work = join(cache, "work");
  rmSync(work, { recursive: true, force: true });
  for (const folder of ["state/lists/partial", "archives/partial", "unpacked"])
    mkdirSync(join(work, folder), { recursive: true });
  writeFileSync(join(work, "status"), "");
  writeFileSync(
    join(work, "sources.list"),
    `deb [arch=riscv64 signed-by=${KEYRING}] ${mirror()} ${SUITE} main\n`,
  );
  writeFileSync(
    join(work, "apt.conf"),
    [
      'APT::Architecture "riscv64";',
      'APT::Architectures "riscv64";',
      'APT::Sandbox::User "";',
      `Dir::State "${work}/state";`,
      `Dir::State::Lists "${work}/state/lists";`,
      `Dir::State::status "${work}/status";`,
      `Dir::Cache "${work}";`,
      `Dir::Etc::sourcelist "${work}/sources.list";`,
      'Dir::Etc::sourceparts "-";',
      "",
    ].join("\n"),
  );
  const options = { cwd: work, env: { ...process.env, APT_CONFIG: join(work, "apt.conf") } };
  try {
    run("apt-get", ["-q", "update"], options);
    run("apt-get", ["-q", "download", ...GUEST_PACKAGES], options);
  } catch (error) {
    fail(`could not download the riscv64 packages (${wanted}): ${error.message}`);
  }
  for (const file of readdirSync(work).filter((name) => name.endsWith(".deb")))
    run("dpkg", ["-x", join(work, file), join(work, "unpacked")]);
  rmSync(tree, { recursive: true, force: true });
  renameSync(join(work, "unpacked"), tree);
  rmSync(work, { recursive: true, force: true });
  // What the package base-files does.
  for (const folder of ["bin", "lib", "sbin"]) symlinkSync(`usr/${folder}`, join(tree, folder));
  writeFileSync(stamp, wanted);
}

installHostPackages();
unpackGuestPackages();
const args = process.argv.slice(2);
if (!args.includes("--install-only")) {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.guests.config.ts", ...args];
  const env = { ...process.env, RUNIKRAFT_GUESTS: tree };
  process.exitCode = spawnSync(process.execPath, vitest, { cwd: root, stdio: "inherit", env }).status ?? 1;
}
