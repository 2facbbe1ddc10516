/**
 * Runs test/guests: what needs Debian's packages. As root it installs the missing ones; otherwise it names
 * them and fails. Guest programs (Debian's own riscv64 builds) are unpacked into a cache of their own.
 *
 *     node tools/test-guests.js [--install-only | --linux-images FOLDER | --run FILE.ts ARGUMENTS] [vitest options]
 *
 * `--linux-images` makes the kernel, initramfs and root disk that the Linux tests boot, instead of testing; `--run`
 * runs a TypeScript file that needs the packages, too.
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
  ["tshark", "/usr/bin/tshark"],
  ["device-tree-compiler", "/usr/bin/dtc"],
  ["e2fsprogs", "/usr/sbin/mke2fs"],
  ["xz-utils", "/usr/bin/xz"],
  ["opensbi", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"],
  ["u-boot-qemu", "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf"],
  ["curl", "/usr/bin/curl"],
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
/** What the Linux guest's root disk is made of: a shell, its tools and their libraries. */
const LINUX_ROOT_PACKAGES = [
  ...["bash", "busybox-static", "coreutils", "libc6"],
  ...["libacl1", "libattr1", "libcap2", "libgmp10", "libpcre2-8-0", "libselinux1"],
  ...["libssl3t64", "libsystemd0", "libtinfo6", "libzstd1", "zlib1g"],
];
/**
 * What the root of test/guests/apps is made of, by `runikraft root add`. libc6-dev is what gcc links with; some of the
 * Python modules under test call the last ones.
 */
const APPLICATIONS = [
  ...["bash", "dash", "busybox", "coreutils", "findutils", "grep", "sed", "gawk", "diffutils", "hostname"],
  ...["tar", "gzip", "xz-utils", "less", "file", "procps", "util-linux", "ncurses-bin", "stress-ng"],
  ...["lua5.4", "perl", "ruby", "nodejs", "python3", "python3-venv", "libpython3.13-testsuite"],
  ...["sqlite3", "jq", "bc", "vim", "git", "openssl", "ca-certificates"],
  ...["gcc", "libc6-dev", "make"],
];
/** The package that depends on the suite's present kernel, and the parts of that one that are unpacked. */
const KERNEL_META_PACKAGE = "linux-image-riscv64";
const KERNEL_MODULES = [
  ...["virtio_mmio", "virtio_blk", "virtio_net", "net_failover", "failover", "virtio-rng", "virtio_balloon"],
  ...["ext4", "jbd2", "mbcache", "crc16", "crc32c_generic"],
  ...["9p", "9pnet", "9pnet_virtio", "netfs"],
  ...["virtio_input", "evdev"],
  ...["virtio-gpu", "virtio_dma_buf", "drm", "drm_kms_helper", "drm_shmem_helper"],
  ...["vmw_vsock_virtio_transport", "vmw_vsock_virtio_transport_common", "vsock"],
];
const KERNEL_FILES = ["./boot/vmlinux-*", ...KERNEL_MODULES.map((name) => `*/${name}.ko.xz`)];
const SUITE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "runikraft", SUITE);
/** Folders of the cache: programs and libraries, the Linux kernel and modules, the Linux guest's root. */
const TREES = ["root", "linux", "linux-root"];
const [tree, linuxTree, linuxRootTree] = TREES.map((name) => join(cache, name));
const applications = join(cache, "applications");

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
  const packages = [...new Set([...GUEST_PACKAGES, ...LINUX_ROOT_PACKAGES])];
  const wanted = JSON.stringify([GUEST_PACKAGES, LINUX_ROOT_PACKAGES, KERNEL_META_PACKAGE, KERNEL_FILES]);
  const stamp = join(cache, "unpacked");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const work = join(cache, "work");
  rmSync(work, { recursive: true, force: true });
  for (const folder of ["state/lists/partial", "archives/partial", ...TREES.map((name) => `trees/${name}`)])
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
  let kernel;
  try {
    run("apt-get", ["-q", "update"], options);
    kernel = dependency(KERNEL_META_PACKAGE, options);
    run("apt-get", ["-q", "download", ...packages, kernel], options);
  } catch (error) {
    fail(`could not download the riscv64 packages (${packages.join(" ")}): ${error.message}`);
  }
  const archives = readdirSync(work).filter((name) => name.endsWith(".deb"));
  const archive = (name) =>
    join(
      work,
      archives.find((file) => file.startsWith(`${name}_`)),
    );
  for (const name of GUEST_PACKAGES) run("dpkg", ["-x", archive(name), join(work, "trees/root")]);
  for (const name of LINUX_ROOT_PACKAGES) run("dpkg", ["-x", archive(name), join(work, "trees/linux-root")]);
  unpackKernel(archive(kernel), join(work, "trees/linux"));
  // What the package base-files does.
  for (const name of ["root", "linux-root"])
    for (const folder of ["bin", "lib", "sbin"]) {
      const link = join(work, "trees", name, folder);
      if (!existsSync(link)) symlinkSync(`usr/${folder}`, link);
    }
  rmSync(stamp, { force: true });
  for (const name of TREES) {
    rmSync(join(cache, name), { recursive: true, force: true });
    renameSync(join(work, "trees", name), join(cache, name));
  }
  rmSync(work, { recursive: true, force: true });
  writeFileSync(stamp, wanted);
}

/** The package that a meta-package is for. */
function dependency(metaPackage, options) {
  const text = execFileSync("apt-cache", ["depends", metaPackage], { ...options, encoding: "utf8" });
  const found = /Depends: (\S+)/.exec(text)?.[1];
  if (found === undefined) throw new Error(`${metaPackage} depends on no package`);
  return found;
}

/** The kernel and the wanted modules alone: the whole package takes 500 MB. */
function unpackKernel(archive, folder) {
  const tar = spawnSync(
    "sh",
    [
      "-ec",
      'deb=$1 folder=$2; shift 2; dpkg --fsys-tarfile "$deb" | tar -x -C "$folder" --wildcards "$@"',
    ].concat(["sh", archive, folder, ...KERNEL_FILES]),
    { stdio: ["ignore", 2, 2] },
  );
  if (tar.status !== 0) fail(`could not unpack ${archive}`);
}

/** The root of the applications, made as a user makes one. */
function makeApplicationRoot() {
  const wanted = JSON.stringify(APPLICATIONS);
  const stamp = `${applications}.packages`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(stamp, { force: true });
  rmSync(applications, { recursive: true, force: true });
  run(process.execPath, ["tools/setup.js"], { cwd: root });
  try {
    run(process.execPath, ["dist/cli.js", "root", "add", applications, ...APPLICATIONS], { cwd: root });
  } catch (error) {
    fail(`could not make the root of the applications: ${error.message}`);
  }
  compilePython();
  writeFileSync(stamp, wanted);
}

/** What Debian's python3 does when it is installed: else each start compiles the modules that it imports again. */
function compilePython() {
  const library = join(applications, "usr/lib/python3.13");
  const python = ["-L", applications, join(applications, "usr/bin/python3"), "-m", "compileall", "-q"];
  // A test is imported once.
  const left = ["-x", "/test/(?!support|libregrtest)"];
  // The files have the paths that they have in the guest.
  spawnSync("qemu-riscv64", [...python, ...left, "-s", applications, "-p", "/", library], {
    stdio: "ignore",
  });
}

installHostPackages();
unpackGuestPackages();
makeApplicationRoot();
const env = {
  ...process.env,
  // e2fsprogs' programs are in folders that not every user has in the path.
  PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  RUNIKRAFT_GUESTS: tree,
  RUNIKRAFT_GUEST_LINUX: linuxTree,
  RUNIKRAFT_GUEST_LINUX_ROOT: linuxRootTree,
  RUNIKRAFT_GUEST_APPLICATIONS: applications,
};
const args = process.argv.slice(2);
if (args[0] === "--linux-images")
  runNode(["tools/run.js", "test/guests/linux/make-images.ts", args[1] ?? "."]);
else if (args[0] === "--run") runNode(["tools/run.js", ...args.slice(1)]);
else if (!args.includes("--install-only"))
  runNode(["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.guests.config.ts", ...args]);

function runNode(command) {
  process.exitCode = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit", env }).status ?? 1;
}
