import type { AreaDescription } from "../kernel/rkprocess/exit.ts";
import { Prot } from "../kernel/rkvm/vma.ts";
import { debugText } from "../messages/debug.ts";
import { hexDigits } from "../messages/hex.ts";

/** `r-x`, and `s` for what is shared with others. */
export function protection({ prot, shared }: Pick<AreaDescription, "prot" | "shared">): string {
  const letter = (bit: number, name: string) => (prot & bit ? name : "-");
  return letter(Prot.read, "r") + letter(Prot.write, "w") + letter(Prot.exec, "x") + (shared ? "s" : "");
}

export const areaName = ({ name }: { name: string }): string => (name === "" ? debugText.anonymous() : name);

/** Why an area has the protection that it has. */
function whyMapped({ prot, name, guard }: AreaDescription): string {
  if (guard) return debugText.whyGuard();
  if (prot & Prot.write && prot & Prot.exec) return debugText.whyWx();
  if (name === "[vdso]") return debugText.whyVdso();
  if (name === "[vvar]") return debugText.whyVvar();
  if (name === "[heap]") return debugText.whyHeap();
  if (name === "[stack]") return debugText.whyStack();
  if (prot === Prot.none) return debugText.whyClosed();
  if (prot & Prot.exec) return debugText.whyText();
  if (name === "") return debugText.whyAnonymous();
  return prot & Prot.write ? debugText.whyData() : debugText.whyReadOnly();
}

/** Rows of address range, protection, name, reason. */
export function describeAreas(areas: readonly AreaDescription[]): string[][] {
  return areas.map((area) => {
    const range = `${hexDigits(area.start, 10)}-${hexDigits(area.end, 10)}`;
    return [range, protection(area), areaName(area), whyMapped(area)];
  });
}
