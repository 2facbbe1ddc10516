import { loaderMessages } from "../messages/loader.ts";
import type { Image } from "./image.ts";
import { chooseLayout, type Layout } from "./layout.ts";
import { mapImage } from "./map.ts";
import { LoadError } from "./refuse.ts";
import { SIGPAGE_NAME, SIGRETURN_CODE } from "./sigpage.ts";
import { type Arguments, buildStack } from "./stack.ts";
import type { MappingTarget } from "./target.ts";

export interface LoadOptions extends Arguments {
  /** 64 bits: with the same images and options, the same seed gives the same addresses. */
  readonly seed: bigint;
  /** Default true. */
  readonly aslr?: boolean;
  /** Lets memory be writable and executable at once, and the stack where the image asks for it. Default false. */
  readonly allowWx?: boolean;
  /** Bytes, whole pages, up to 1 GiB; default 8 MiB (RLIMIT_STACK). */
  readonly stackSize?: number;
}

/** A program in memory, ready for its first instruction. */
export interface LoadedProgram {
  /** First pc: the interpreter's entry where there is one. */
  readonly entry: number;
  readonly stackPointer: number;
  /** Signal handlers return here. */
  readonly sigreturn: number;
  readonly layout: Layout;
}

const DEFAULT_STACK = 8 * 1024 * 1024;

/**
 * Loads a program (and the dynamic linker it names) into an empty address space. Throws `LoadError`; the address
 * space is then to be thrown away.
 */
export function loadProgram(
  target: MappingTarget,
  image: Image,
  interpreter: Image | undefined,
  options: LoadOptions,
): LoadedProgram {
  const { seed, aslr = true, allowWx = false, stackSize = DEFAULT_STACK } = options;
  checkInterpreter(image, interpreter);
  const layout = chooseLayout(image, interpreter, { seed, aslr, stackSize });
  const stack = buildStack(image, layout, options);
  for (const guard of layout.guards) target.guard(guard.start, guard.end - guard.start, guard.name);
  mapImage(target, image, layout.base, allowWx);
  if (interpreter) mapImage(target, interpreter, layout.interpreterBase, allowWx);
  const { sigpage } = layout;
  const code = { read: true, write: false, execute: true };
  target.map(sigpage.start, sigpage.end - sigpage.start, code, SIGPAGE_NAME);
  target.write(sigpage.start, SIGRETURN_CODE);
  const execute = allowWx && image.executableStack === true;
  target.map(layout.stack.start, stackSize, { read: true, write: true, execute }, "[stack]");
  target.write(stack.stackPointer, stack.bytes);
  return {
    entry: interpreter ? interpreter.entry + layout.interpreterBase : image.entry + layout.base,
    stackPointer: stack.stackPointer,
    sigreturn: sigpage.start,
    layout,
  };
}

function checkInterpreter(image: Image, interpreter: Image | undefined): void {
  if (image.interpreter !== undefined && !interpreter)
    throw new LoadError(loaderMessages.interpreterMissing(image.name, image.interpreter), "ELIBBAD");
  if (interpreter && !interpreter.relocatable)
    throw new LoadError(loaderMessages.interpreterFixed(interpreter.name), "ELIBBAD");
}
