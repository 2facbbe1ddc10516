import { Apt, type AptOptions, type Plan } from "../../host/apt.ts";
import { RefusedError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";
import { configureRoot } from "./configure.ts";
import { type Paragraph, withEntries } from "./control.ts";
import { Progress } from "./progress.ts";
import { findRoot, makeRoot, STATUS } from "./root-folder.ts";
import { unpackPackage } from "./unpack.ts";

/**
 * Debian has these on every machine, so no package says that it needs them: the directories, users and groups, a
 * `/bin/sh`, what the C library looks for, and the descriptions of terminals.
 */
const ALWAYS = ["base-files", "base-passwd", "dash", "libc-bin", "ncurses-base"];
const OTHERWISE = "trixie";

export interface AddOptions extends Omit<AptOptions, "suite"> {
  /** Undefined for the root's own, or else Debian's stable release. */
  readonly suite: string | undefined;
}

/** Adds packages, and all that they depend on, to the root at `path`, which is made where there is none. */
export async function addToRoot(
  path: string,
  packages: readonly string[],
  options: AddOptions,
): Promise<void> {
  const progress = new Progress();
  try {
    progress.note(await add(path, packages, options, progress));
  } finally {
    progress.end();
  }
}

/** What was done, in words. */
async function add(
  path: string,
  packages: readonly string[],
  options: AddOptions,
  progress: Progress,
): Promise<string> {
  const before = findRoot(path);
  const suite = options.suite ?? before?.suite ?? OTHERWISE;
  const apt = await Apt.open({ ...options, suite });
  const names = [...ALWAYS, ...packages];
  const status = before?.tree.hostPath(STATUS) ?? apt.emptyStatus;

  const updated = !apt.listsAreFresh && (await update(apt, progress));
  progress.step(rootText.resolving());
  let plan = await apt.plan(names, status);
  if (plan.install.length === 0) return rootText.nothingToAdd(path);
  if (plan.remove.length > 0) throw new RefusedError(rootText.inTheWay(plan.remove.join(" ")));
  // Before anything is fetched for it.
  const { tree } = before ?? makeRoot(path, suite);
  const download = () => {
    progress.step(rootText.downloading(plan.install.length));
    return apt.download(names, status, (percent) => progress.detail(`${percent}%`));
  };
  try {
    await download();
  } catch (error) {
    if (updated) throw error;
    // The mirror may have newer ones than the lists.
    await update(apt, progress);
    plan = await apt.plan(names, status);
    await download();
  }

  const entries = await unpack(tree, plan, progress);
  const all = Buffer.from(tree.read(STATUS) ?? []).toString();
  tree.write(STATUS, withEntries(all, entries));
  configureRoot(tree);
  return rootText.added(plan.install.length, path);
}

/** Whether that worked; without the network older lists will do. */
async function update(apt: Apt, progress: Progress): Promise<boolean> {
  progress.step(rootText.updating());
  try {
    await apt.update((percent) => progress.detail(`${percent}%`));
    return true;
  } catch (error) {
    if (!apt.hasLists || !(error instanceof RefusedError)) throw error;
    progress.note(rootText.oldLists(error.message));
    return false;
  }
}

async function unpack(
  tree: Parameters<typeof unpackPackage>[0],
  plan: Plan,
  progress: Progress,
): Promise<Paragraph[]> {
  const entries: Paragraph[] = [];
  progress.step(rootText.unpacking(plan.install.length));
  for (const [i, { name, archive }] of plan.install.entries()) {
    progress.detail(`${i + 1}/${plan.install.length} ${name}`);
    entries.push(await unpackPackage(tree, archive));
  }
  return entries;
}
