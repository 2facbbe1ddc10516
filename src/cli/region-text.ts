import type {
  BlockView,
  EdgeView,
  ExitView,
  InstructionView,
  RegionView,
  WebView,
} from "../debug/region-view.ts";
import { hexDigits } from "../messages/hex.ts";
import { regionText } from "../messages/region.ts";
import { columns } from "./output.ts";

/** An address as 64 bits: those of kernels are negative numbers. */
export const addressDigits = (address: number): string => BigInt.asUintN(64, BigInt(address)).toString(16);
const addressText = (address: number): string => `0x${addressDigits(address)}`;

function placeText({ address, symbol }: Pick<RegionView, "address" | "symbol">): string {
  return symbol === undefined ? addressText(address) : `${addressText(address)} <${symbol}>`;
}

/** All of a region, for people. */
export function formatRegion(region: RegionView): string {
  const { blocks, webs, exits, bytes, pages } = region;
  const count = blocks.reduce((sum, { instructions }) => sum + instructions.length, 0);
  const parts = [
    `${regionText.title(placeText(region), count, bytes)}\n`,
    `${regionText.pages(pages.map(addressText).join(" "))}\n`,
    ...blocks.map((block) => `\n${blockText(block)}`),
  ];
  if (webs.length > 0) parts.push(`\n${regionText.webs()}\n`, ...webs.map(webText));
  parts.push(`\n${regionText.exits()}\n`, columns(exits.map(exitCells)));
  parts.push(`\n${regionText.function()}\n`, functionText(region));
  return parts.join("");
}

function blockText(block: BlockView): string {
  const { number, from, dominator, loops } = block;
  const about = [
    ...(dominator === undefined ? [regionText.entry()] : []),
    ...(from.length > 0 ? [regionText.from(from.join(" "))] : []),
    ...(dominator === undefined ? [] : [regionText.dominator(dominator)]),
    ...(loops.includes(number) ? [regionText.loopHead()] : []),
  ];
  const around = loops.filter((head) => head !== number);
  if (around.length > 0) about.push(regionText.inLoops(around.join(" ")));
  const lines = block.instructions.map((one) => `  ${instructionText(one)}\n`);
  const edges = edgeTexts(block).map(({ label, to }) => `  -> ${to}${label && ` (${label})`}\n`);
  return `${regionText.block(number, placeText(block))} (${about.join("; ")})\n${lines.join("")}${edges.join("")}`;
}

/** `100b0:  00053783  ld a5,0(a0)` */
function instructionText({ address, bits, length, text }: InstructionView): string {
  return `${addressDigits(address)}:  ${hexDigits(bits, length * 2).padStart(8)}  ${text}`;
}

const EDGES: Readonly<Record<EdgeView["kind"], () => string>> = {
  fall: regionText.fall,
  jump: regionText.jump,
  taken: regionText.taken,
  other: regionText.other,
  choice: regionText.choice,
  back: regionText.back,
  entry: regionText.entered,
};

/** Where control goes behind a block. */
function edgeTexts({ edges, leaves }: BlockView): { label: string; to: string; block?: number }[] {
  const found: ReturnType<typeof edgeTexts> = edges.map(({ kind, block, address }) => ({
    label: EDGES[kind](),
    to: block === undefined ? regionText.toOutside(addressText(address)) : regionText.toBlock(block),
    block,
  }));
  if (leaves === "register") found.push({ label: "", to: regionText.toRegister() });
  if (leaves === "interpreter") found.push({ label: "", to: regionText.toInterpreter() });
  return found;
}

function webText({ number, least, most, writes, accesses }: WebView): string {
  const may = writes ? regionText.webWrites() : regionText.webReads();
  const head = `  ${regionText.web(number, regionText.webBytes(least, most), may)}\n`;
  const rows = accesses.map(({ address, register, offset, known }) => [
    "   ",
    addressText(address),
    `${offset}(${register})`,
    regionText[known](),
  ]);
  return head + columns(rows);
}

function exitCells(exit: ExitView): string[] {
  const address = addressText(exit.address);
  const texts: Record<ExitView["kind"], () => string> = {
    jump: () => regionText.exitJump(address),
    call: () => regionText.exitCall(address),
    indirectCall: () => regionText.exitIndirectCall(address),
    stale: () => regionText.exitStale(),
    indirect: () => regionText.exitIndirect(address),
    return: () => regionText.exitReturn(address),
    interpret: () => regionText.exitInterpret(address),
    miss: () => regionText.exitMiss(address, exit.web ?? 0),
  };
  return [` ${exit.number}`, exit.kind, texts[exit.kind](), regionText.exitCount(exit.count)];
}

function functionText({ blocks, code, locals }: RegionView): string {
  const byAddress = new Map(
    blocks.flatMap(({ instructions }) => instructions.map((one) => [one.address, one])),
  );
  const lines = code.flatMap(({ depth, text, starts, exit }) => {
    const indent = "  ".repeat(depth + 1);
    const guest = starts.flatMap((address) => byAddress.get(address) ?? []);
    const chosen = exit === undefined ? "" : `  ;; ${exit}`;
    return [...guest.map((one) => `${indent};; ${instructionText(one)}`), `${indent}${text}${chosen}`];
  });
  return `  ;; ${locals.join(", ")}\n${lines.join("\n")}\n`;
}

/** The control-flow graph in Graphviz's language: loops' heads have double edges, ways out lead to plain text. */
export function formatDot(region: RegionView): string {
  const lines = [`digraph ${quoted(placeText(region))} {`, '  node [shape=box, fontname="monospace"];'];
  for (const block of region.blocks) {
    const { number, instructions, loops } = block;
    const title = regionText.block(number, placeText(block));
    const label = [title, ...instructions.map(instructionText)].map((line) => `${escaped(line)}\\l`).join("");
    lines.push(`  b${number} [label="${label}"${loops.includes(number) ? ", peripheries=2" : ""}];`);
    edgeTexts(block).forEach(({ label: edge, to, block: next }, i) => {
      const name = next === undefined ? `x${number}_${i}` : `b${next}`;
      if (next === undefined) lines.push(`  ${name} [label=${quoted(to)}, shape=plaintext];`);
      lines.push(`  b${number} -> ${name} [label=${quoted(edge)}];`);
    });
  }
  return `${lines.join("\n")}\n}\n`;
}

const escaped = (text: string): string => text.replace(/["\\]/g, "\\$&");
const quoted = (text: string): string => `"${escaped(text)}"`;
