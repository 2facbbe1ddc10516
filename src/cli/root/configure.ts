import type { RootTree } from "../../host/root-tree.ts";
import { type Alternative, alternativesOf, chosen } from "./alternatives.ts";

/**
 * What the packages' maintainer scripts would do that programs need: the scripts themselves are for a machine that
 * runs, and are not. Whatever is there already stays.
 */
export function configureRoot(root: RootTree): void {
  for (const [path, mode] of DIRECTORIES) if (!root.exists(path)) root.makeDirectory(path, mode);
  for (const [path, target] of LINKS) if (!root.exists(path)) root.makeSymlink(path, target);
  for (const [from, to] of DEFAULTS) {
    const content = root.read(from);
    if (content && !root.exists(to)) root.write(to, content);
  }
  if (!root.exists("etc/hosts")) root.write("etc/hosts", HOSTS);
  bundleCertificates(root);
  linkAlternatives(root);
}

/** base-files; and /dev/pts and /dev/shm, which are mounted over. */
const DIRECTORIES: readonly (readonly [string, number])[] = [
  ...["mnt", "srv", "opt", "media", "etc/opt", "var/opt", "var/mail", "dev/pts"].map(
    (path) => [path, 0o755] as const,
  ),
  ...["bin", "etc", "games", "include", "lib", "sbin", "share", "share/man", "src"].map(
    (name) => [`usr/local/${name}`, 0o755] as const,
  ),
  ["run/lock", 0o1777],
  ["dev/shm", 0o1777],
];

/** base-files, and what every system has as a link to /proc. */
const LINKS: readonly (readonly [string, string])[] = [
  ["var/spool/mail", "../mail"],
  ["var/run", "/run"],
  ["var/lock", "/run/lock"],
  ["usr/local/man", "share/man"],
  ["etc/mtab", "../proc/self/mounts"],
  ["etc/dpkg/origins/default", "debian"],
];

/** base-files, base-passwd, libc-bin, readline-common. */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ["usr/share/base-files/profile", "etc/profile"],
  ["usr/share/base-files/motd", "etc/motd"],
  ["usr/share/base-files/dot.profile", "root/.profile"],
  ["usr/share/base-files/dot.bashrc", "root/.bashrc"],
  ["usr/share/base-passwd/passwd.master", "etc/passwd"],
  ["usr/share/base-passwd/group.master", "etc/group"],
  ["usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"],
  ["usr/share/readline/inputrc", "etc/inputrc"],
];

/** netbase. */
const HOSTS = "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n";

/** ca-certificates: all of its certificates in one file. */
function bundleCertificates(root: RootTree): void {
  const top = "usr/share/ca-certificates";
  const certificates = root
    .list(top)
    .flatMap((folder) => root.list(`${top}/${folder}`).map((name) => `${top}/${folder}/${name}`))
    .flatMap((path) => (path.endsWith(".crt") ? (root.read(path) ?? []) : []));
  if (certificates.length === 0) return;
  const lines = certificates.map((bytes) => `${Buffer.from(bytes).toString().trimEnd()}\n`);
  root.write("etc/ssl/certs/ca-certificates.crt", lines.join(""));
}

/** Of all packages that are there, not only the new ones: what is new may be a better choice, or a worse one. */
function linkAlternatives(root: RootTree): void {
  const scripts = root.list("var/lib/dpkg/info").filter((name) => name.endsWith(".postinst"));
  const all = scripts.flatMap((name) => {
    const script = root.read(`var/lib/dpkg/info/${name}`);
    return script ? alternativesOf(Buffer.from(script).toString("latin1")) : [];
  });
  const isThere = (path: string): boolean => root.leadsToFile(path);
  for (const { slaves, ...master } of chosen(all, isThere)) {
    linkAlternative(root, master);
    for (const slave of slaves) if (isThere(slave.target)) linkAlternative(root, slave);
  }
}

function linkAlternative(
  root: RootTree,
  { link, name, target }: Omit<Alternative, "priority" | "slaves">,
): void {
  const middle = `/etc/alternatives/${name}`;
  // A file of that name belongs to a package; a link to elsewhere is the user's.
  const there = root.readLink(link);
  if (there === undefined && root.exists(link)) return;
  if (there !== undefined && there !== middle) return;
  root.makeSymlink(middle, target);
  root.makeSymlink(link, middle);
}
