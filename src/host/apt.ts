import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { rootText } from "../messages/root.ts";
import { runTool, type ToolResult } from "./tools.ts";
import { why } from "./why.ts";

/**
 * apt-get for riscv64 packages of Debian, without root's rights and apart from the host's own packages: with its own
 * configuration, lists and archives, in the user's cache. Of the host's configuration it keeps what is about reaching
 * the network.
 */

/** Where Debian and its derivatives have the keys that a Debian mirror's lists are signed with. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Milliseconds after which lists are fetched again. */
const LISTS_LAST = 24 * 60 * 60 * 1000;

export interface PlannedPackage {
  readonly name: string;
  readonly version: string;
  /** The file that apt has fetched it to, or will. */
  readonly archive: string;
}

export interface Plan {
  /** In the order in which they are to be unpacked. */
  readonly install: readonly PlannedPackage[];
  /** Names of packages that are in the way. */
  readonly remove: readonly string[];
}

export interface AptOptions {
  /** A Debian release, such as trixie. */
  readonly suite: string;
  /** The address of a Debian mirror; undefined for the one that the host uses itself. */
  readonly mirror: string | undefined;
  /** Whether what a package recommends is brought along. */
  readonly recommends: boolean;
}

/** Every method throws `RefusedError` with what apt-get says is wrong. */
export class Apt {
  private readonly suite: string;
  private readonly recommends: boolean;
  private readonly folder: string;
  private readonly config: string;
  private readonly source: string;

  private constructor(options: AptOptions, mirror: string) {
    this.suite = options.suite;
    this.recommends = options.recommends;
    this.source = mirror;
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
    // Lists and archives of different mirrors do not mix.
    const place = `${this.suite}-${mirror.replace(/^\w+:\/\//, "").replace(/[^\w.-]+/g, "_")}`;
    this.folder = join(cache, "runikraft", "apt", place);
    this.config = join(this.folder, "apt.conf");
    this.configure();
  }

  static async open(options: AptOptions): Promise<Apt> {
    if (!existsSync(KEYRING)) throw new RefusedError(rootText.noKeyring(KEYRING));
    return new Apt(options, options.mirror ?? (await hostMirror()));
  }

  /** Whether lists are there, however old. */
  get hasLists(): boolean {
    return existsSync(this.stamp);
  }

  get listsAreFresh(): boolean {
    return this.hasLists && Date.now() - statSync(this.stamp).mtimeMs < LISTS_LAST;
  }

  /** Fetches the lists of packages. */
  async update(onPercent: (percent: number) => void): Promise<void> {
    const failed = (result: ToolResult) =>
      new RefusedError(rootText.cannotUpdate(this.suite, this.source, complaint(result)));
    const result = await this.run(["update", "-o", "APT::Update::Error-Mode=any"], onPercent);
    if (result.status !== 0) throw failed(result);
    writeFileSync(this.stamp, "");
  }

  /** What is missing of some packages and all that they depend on, in a root with that dpkg status file. */
  async plan(names: readonly string[], status: string): Promise<Plan> {
    const result = await this.run([
      "install",
      "--simulate",
      "--no-upgrade",
      ...this.choices(status),
      "--",
      ...names,
    ]);
    if (result.status !== 0) throw this.notPlanned(result);
    const install: PlannedPackage[] = [];
    const remove: string[] = [];
    for (const line of result.stdout.split("\n")) {
      const [, removed] = /^(?:Remv|Purg) (\S+)/.exec(line) ?? [];
      if (removed) remove.push(removed);
      const [, name, version, architecture] =
        /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) [^[]*\[(\w+)\]\)/.exec(line) ?? [];
      if (!name) continue;
      const file = `${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`;
      install.push({ name, version, archive: join(this.folder, "archives", file) });
    }
    return { install, remove };
  }

  /** Fetches what a plan for the same names and status installs; apt compares it with the signed lists' sums. */
  async download(
    names: readonly string[],
    status: string,
    onPercent: (percent: number) => void,
  ): Promise<void> {
    const args = [
      "install",
      "--download-only",
      "--yes",
      "--no-upgrade",
      ...this.choices(status),
      "--",
      ...names,
    ];
    const result = await this.run(args, onPercent);
    if (result.status !== 0) throw new RefusedError(rootText.cannotDownload(this.source, complaint(result)));
  }

  /** A dpkg status file of a root without any packages. */
  get emptyStatus(): string {
    return join(this.folder, "empty", "status");
  }

  private get stamp(): string {
    return join(this.folder, "updated");
  }

  private choices(status: string): string[] {
    return [
      `-oDir::State::status=${status}`,
      `-oAPT::Install-Recommends=${this.recommends}`,
      // Nothing runs that would need dpkg's lock, and the root may be one that cannot be written yet.
      "-oDebug::NoLocking=true",
    ];
  }

  private run(args: readonly string[], onPercent?: (percent: number) => void): Promise<ToolResult> {
    // Read before the host's configuration, for where that is, and again behind it, to have the last word.
    const options = { env: { APT_CONFIG: this.config } };
    const all = ["-q", "-c", this.config, ...args];
    if (!onPercent) return runTool("apt-get", all, options);
    return runTool("apt-get", ["-oAPT::Status-Fd=3", ...all], {
      ...options,
      onStatus: (line) => {
        const [, percent] = /^dlstatus:\d+:([\d.]+):/.exec(line) ?? [];
        if (percent) onPercent(Math.floor(Number(percent)));
      },
    });
  }

  private configure(): void {
    try {
      for (const name of ["lists/partial", "archives/partial", "empty"])
        mkdirSync(join(this.folder, name), { recursive: true });
      writeFileSync(this.emptyStatus, "");
      const source = `deb [arch=riscv64 signed-by=${KEYRING}] ${this.source} ${this.suite} main\n`;
      writeFileSync(join(this.folder, "sources.list"), source);
      writeFileSync(this.config, configuration(this.folder));
    } catch (error) {
      throw new RefusedError(cliText.cannotWrite(this.folder, why(error)));
    }
  }

  private notPlanned(result: ToolResult): RefusedError {
    const unknown =
      /^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)/m.exec(
        result.stderr,
      );
    if (unknown) {
      const [, name = unknown[2]] = unknown;
      const { stdout } = result;
      const [, behind = ""] = stdout.split(`Package ${name} is a virtual package provided by:\n`);
      const [paragraph] = behind.split("\n\n");
      const providers = [...paragraph.matchAll(/^ {2}(\S+) /gm)].map(([, provider]) => provider);
      return new RefusedError(rootText.unknownPackage(name, this.suite, providers.join(" ")));
    }
    const [, details = ""] = /unmet dependencies:\n([\s\S]*)/.exec(result.stdout) ?? [];
    return new RefusedError(rootText.cannotPlan(complaint(result), details.trim()));
  }
}

/**
 * The host's hooks would clean its own cache, and its pins are for its own packages. A name with a full stop that no
 * package has would be a pattern for many.
 */
function configuration(folder: string): string {
  return `#clear APT::Architectures;
#clear APT::Update;
#clear Dir::Cache;
APT::Architecture "riscv64";
APT::Architectures { "riscv64"; };
APT::Sandbox::User "";
APT::Cmd::Pattern-Only "true";
Acquire::Languages "none";
Dir::State "${folder}";
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/empty/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
`;
}

/** The first thing that apt-get calls an error. */
function complaint({ status, stderr }: ToolResult): string {
  return (
    /^E: (?:Failed to fetch \S+\s+)?(.*)/m.exec(stderr)?.[1] ??
    (stderr.trim().split("\n")[0] || `apt-get: ${status}`)
  );
}

/** The Debian mirror that the host itself uses. */
async function hostMirror(): Promise<string> {
  const known = await runTool("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]);
  const fetched = known.stdout.split("\n").flatMap((line) => /^Debian (\S+)/.exec(line)?.[1] ?? []);
  // Where no lists were fetched yet, the addresses say it.
  const listed = await runTool("apt-get", ["update", "--print-uris"]);
  const named = listed.stdout
    .split("\n")
    .flatMap((line) => /^'(\S*debian\S*?)\/dists\//.exec(line)?.[1] ?? []);
  const mirror = [...fetched, ...named].find((address) => !address.includes("security"));
  if (mirror === undefined) throw new RefusedError(rootText.noMirror());
  return mirror.replace(/\/+$/, "");
}
