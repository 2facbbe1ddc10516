/**
 * Debian's alternatives (update-alternatives(1)): which of several programs is `awk` or `vi`. Packages register theirs
 * from their maintainer scripts, which are read here and not run: what such a script computes is not seen.
 */

export interface Alternative {
  /** The name that programs use, and who it is for in /etc/alternatives. */
  readonly link: string;
  readonly name: string;
  readonly target: string;
  readonly priority: number;
  /** What goes along, such as manual pages. */
  readonly slaves: readonly Omit<Alternative, "priority" | "slaves">[];
}

/** Those that a script registers. */
export function alternativesOf(script: string): Alternative[] {
  const found: Alternative[] = [];
  const lines = script.replace(/^\s*#.*$/gm, "").replace(/\\\n/g, " ");
  for (const [, call] of lines.matchAll(/\bupdate-alternatives\s(.*)/g)) {
    const words = literalWords(call);
    const at = words.indexOf("--install");
    const [link, name, target, priority] = words.slice(at + 1);
    if (at < 0 || !/^-?\d+$/.test(priority ?? "") || !link.startsWith("/") || !target.startsWith("/"))
      continue;
    found.push({ link, name, target, priority: Number(priority), slaves: slavesIn(words.slice(at + 5)) });
  }
  return found;
}

function slavesIn(words: readonly string[]): Alternative["slaves"] {
  return words.flatMap((word, i) => {
    const [link, name, target] = words.slice(i + 1);
    return word === "--slave" && target?.startsWith("/") ? [{ link, name, target }] : [];
  });
}

/** The words of a shell command, up to what is no plain word. */
function literalWords(command: string): string[] {
  const words: string[] = [];
  for (const word of command.trim().split(/\s+/)) {
    const plain = /^(["']?)([\w./+:@%=-]+)\1(;?)$/.exec(word);
    if (!plain) break;
    words.push(plain[2]);
    if (plain[3] !== "") break;
  }
  return words;
}

/** For each name the one of the highest priority whose program is there, the first one of equals. */
export function chosen(all: readonly Alternative[], isThere: (path: string) => boolean): Alternative[] {
  const best = new Map<string, Alternative>();
  for (const one of all)
    if (isThere(one.target) && one.priority > (best.get(one.name)?.priority ?? Number.NEGATIVE_INFINITY))
      best.set(one.name, one);
  return [...best.values()];
}
