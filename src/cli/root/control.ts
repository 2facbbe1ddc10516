/**
 * The paragraphs of Debian's control files (deb822(5)), kept as text: fields that nobody here knows stay as they are.
 */

export type Paragraph = string;

export function paragraphs(text: string): Paragraph[] {
  return text
    .split(/\n(?:[ \t]*\n)+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "");
}

/** The first line of a field's value; undefined where there is no such field. */
export function field(paragraph: Paragraph, name: string): string | undefined {
  return new RegExp(`^${name}:[ \t]*(.*)$`, "im").exec(paragraph)?.[1].trim();
}

/** The entry of an unpacked package in dpkg's status file. */
export function installed(control: Paragraph, conffiles: ReadonlyMap<string, string>): Paragraph {
  const sums = [...conffiles].map(([path, sum]) => ` /${path} ${sum}\n`).join("");
  const [first, ...rest] = control.trim().split("\n");
  return [first, "Status: install ok installed", ...rest, ...(sums && [`Conffiles:\n${sums}`])]
    .join("\n")
    .trim();
}

/** A status file with some entries added, in place of those of the same package. */
export function withEntries(status: string, entries: readonly Paragraph[]): string {
  const all = new Map([...paragraphs(status), ...entries].map((entry) => [field(entry, "Package"), entry]));
  return [...all.values()].map((entry) => `${entry}\n\n`).join("");
}
