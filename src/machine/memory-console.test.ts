import { expect, it } from "vitest";
import { MemoryConsole } from "./memory-console.ts";

it("gives its input in pieces, then ends", () => {
  const console = new MemoryConsole("abcde");
  const pieces = [console.input.read(2), console.input.read(10), console.input.read(10)];
  expect(pieces.map((piece) => piece && new TextDecoder().decode(piece))).toEqual(["ab", "cde", undefined]);
});

it("keeps what is printed, though the buffer is used again and a character is cut in two", () => {
  const console = new MemoryConsole();
  const buffer = new TextEncoder().encode("é!");
  console.output.write(buffer.subarray(0, 1));
  console.output.write(buffer.subarray(1));
  buffer.fill(0);
  console.error.write(new TextEncoder().encode("oh"));
  expect([console.text, console.errors]).toEqual(["é!", "oh"]);
});
