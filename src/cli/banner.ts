import type { Layout } from "../loader/layout.ts";
import type { LibraryCost } from "../machine/composition/costs.ts";
import type { HostedMachine } from "../machine/hosted.ts";
import { cliText } from "../messages/cli.ts";
import { hexDigits } from "../messages/hex.ts";
import { columns } from "./output.ts";
import { costCells } from "./stats.ts";

/** What a machine is linked from and where it put its program. */
export function banner({ kernel, layout }: HostedMachine, costs: readonly LibraryCost[]): string {
  const libraries = kernel.libraries.map(({ name, summary }, i) => [
    `  ${name}`,
    ...costCells(costs[i]),
    summary(),
  ]);
  const { seed } = layout;
  return [
    `Runikraft ${__VERSION__}`,
    cliText.bannerLibraries(),
    columns(libraries).trimEnd(),
    seed === undefined ? cliText.bannerFixed() : cliText.bannerLayout(String(seed)),
    columns(areas(layout)).trimEnd(),
  ].join("\n");
}

declare const __VERSION__: string;

function areas(layout: Layout): string[][] {
  const named = [
    ["image", layout.image],
    ["interpreter", layout.interpreter],
    ["heap", layout.heap],
    ["mmap", layout.mmap],
    ["vdso", layout.vdso],
    ["stack", layout.stack],
    ...layout.guards.map((guard) => [guard.name.replace(/[[\]]/g, ""), guard] as const),
  ] as const;
  return named
    .flatMap(([name, area]) => (area ? [{ ...area, name }] : []))
    .sort((a, b) => a.start - b.start)
    .map(({ name, start, end }) => [`  ${hexDigits(start, 10)}-${hexDigits(end, 10)}`, name]);
}
