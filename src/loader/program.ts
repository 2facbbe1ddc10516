import { loaderMessages } from "../messages/loader.ts";
import type { Image } from "./image.ts";
import { chooseLayout, type Layout } from "./layout.ts";
import { PAGE } from "./limits.ts";
import { mapImage } from "./map.ts";
import { LoadError } from "./refuse.ts";
import { type Arguments, buildStack } from "./stack.ts";
import type { MappingTarget } from "./target.ts";
import { SIGRETURN_OFFSET, VDSO_NAME, VVAR_NAME, vdsoFile, vvarBytes } from "./vdso.ts";

export interface LoadOptions extends Arguments {
  /** 64 bits: with the same images and options, the same seed gives the same addresses. */
  readonly seed: bigint;
  /** Default true. */
  readonly aslr?: boolean;
  /** Lets memory be writable and executable at once, and the stack where the image asks for it. Default false. */
  readonly allowWx?: boolean;
  /** Nanoseconds from 1970 to the start of the machine's clock: what programs tell the time by. Default 0. */
  readonly clock?: bigint;
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
  /** The page that programs read the clock's start from. */
  readonly vvar: number;
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
  const { seed, aslr = true, allowWx = false, stackSize = DEFAULT_STACK, clock = 0n } = options;
  checkInterpreter(image, interpreter);
  const layout = chooseLayout(image, interpreter, { seed, aslr, stackSize });
  const stack = buildStack(image, layout, options);
  for (const guard of layout.guards) target.guard(guard.start, guard.end - guard.start, guard.name);
  mapImage(target, image, layout.base, allowWx);
  if (interpreter) mapImage(target, interpreter, layout.interpreterBase, allowWx);
  const code = layout.vdso.start + PAGE;
  target.map(layout.vdso.start, PAGE, { read: true, write: false, execute: false }, VVAR_NAME);
  target.write(layout.vdso.start, vvarBytes(clock));
  target.mapFile(code, PAGE, { read: true, write: false, execute: true }, VDSO_NAME, vdsoFile, 0);
  const execute = allowWx && image.executableStack === true;
  target.stack(layout.stack.start, layout.stack.end, stack.stackPointer, {
    read: true,
    write: true,
    execute,
  });
  target.write(stack.stackPointer, stack.bytes);
  return {
    entry: interpreter ? interpreter.entry + layout.interpreterBase : image.entry + layout.base,
    stackPointer: stack.stackPointer,
    sigreturn: code + SIGRETURN_OFFSET,
    vvar: layout.vdso.start,
    layout,
  };
}

function checkInterpreter(image: Image, interpreter: Image | undefined): void {
  if (image.interpreter !== undefined && !interpreter)
    throw new LoadError(loaderMessages.interpreterMissing(image.name, image.interpreter), "ELIBBAD");
  if (interpreter && !interpreter.relocatable)
    throw new LoadError(loaderMessages.interpreterFixed(interpreter.name), "ELIBBAD");
}
