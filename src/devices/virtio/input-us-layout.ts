import type { Key } from "./input-keys.ts";

/** Keys of the US layout with the characters that they give alone and with shift. */
const ROWS: readonly (readonly [Key, string, string])[] = [
  ["1", "1", "!"],
  ["2", "2", "@"],
  ["3", "3", "#"],
  ["4", "4", "$"],
  ["5", "5", "%"],
  ["6", "6", "^"],
  ["7", "7", "&"],
  ["8", "8", "*"],
  ["9", "9", "("],
  ["0", "0", ")"],
  ["grave", "`", "~"],
  ["minus", "-", "_"],
  ["equal", "=", "+"],
  ["leftbrace", "[", "{"],
  ["rightbrace", "]", "}"],
  ["backslash", "\\", "|"],
  ["semicolon", ";", ":"],
  ["apostrophe", "'", '"'],
  ["comma", ",", "<"],
  ["dot", ".", ">"],
  ["slash", "/", "?"],
];

/** Keys whose characters shift does not change. */
const SAME: readonly (readonly [Key, string])[] = [
  ["space", " "],
  ["enter", "\n"],
  ["enter", "\r"],
  ["tab", "\t"],
  ["backspace", "\b"],
  ["esc", "\x1b"],
];

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"] as Key[];

const KEYS = new Map<string, readonly Key[]>([
  ...SAME.map(([key, character]) => [character, [key]] as const),
  ...LETTERS.map((key) => [key, [key]] as const),
  ...LETTERS.map((key) => [key.toUpperCase(), ["leftshift", key]] as const),
  ...ROWS.map(([key, plain]) => [plain, [key]] as const),
  ...ROWS.map(([key, , shifted]) => [shifted, ["leftshift", key]] as const),
]);

/** The keys to press, in this order, for a character; none where the layout does not have it. */
export function keysFor(character: string): readonly Key[] {
  return KEYS.get(character) ?? [];
}
