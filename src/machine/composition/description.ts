import { LIMITS } from "../../kernel/limits.ts";
import { compositionText } from "../../messages/composition.ts";
import { type LibraryOption, REGISTER } from "../libraries.ts";
import type { ObjectShape, Shape } from "./shape.ts";

/** The entry of `libraries` that stands for all libraries of a run without a Runikraftfile. */
export const STANDARD_SET = "standard";

const ABSOLUTE = /^\//;
const NAME = /^[^=\0]+$/;
const SEED = /^(\d{1,20}|0[xX][\da-fA-F]{1,16})$/;

export const LEAST_MEMORY = 4 << 20;
export const MOST_MEMORY = 3 * 2 ** 30;

const guestPath = (about: string): Shape => ({
  kind: "text",
  pattern: ABSOLUTE,
  wanted: compositionText.absolutePath,
  about,
});

/** What a Runikraftfile may say. */
export const DESCRIPTION: ObjectShape = {
  kind: "object",
  about:
    "What a program is run with: its arguments, its files, and the micro-libraries that its kernel is linked from.",
  required: ["program"],
  fields: {
    program: {
      kind: "text",
      about:
        "The ELF file: with a root and a leading slash a path in the root, otherwise a file of the host, seen from the Runikraftfile.",
    },
    args: { kind: "list", of: { kind: "text", about: "An argument." }, about: "The program's arguments." },
    root: {
      kind: "text",
      about: "A directory of the host, seen from the Runikraftfile: the guest's / beneath changes in memory.",
    },
    initrd: {
      kind: "text",
      about: "A tar or cpio archive of the host, seen from the Runikraftfile, in place of a root.",
    },
    mounts: {
      kind: "list",
      about: "Directories and disk images of the host in the guest's tree.",
      of: {
        kind: "object",
        about: "A mount.",
        required: ["host", "guest"],
        fields: {
          host: {
            kind: "text",
            about: "A directory or a disk image of the host, seen from the Runikraftfile.",
          },
          guest: guestPath("Where it is in the guest."),
          writable: { kind: "boolean", about: "The guest may change it; default false." },
        },
      },
    },
    disks: {
      kind: "list",
      about:
        "Raw images or block devices of the host for programs that read and write blocks by native calls.",
      of: {
        kind: "object",
        about: "A disk.",
        required: ["host"],
        fields: {
          host: { kind: "text", about: "The image, seen from the Runikraftfile." },
          writable: { kind: "boolean", about: "The guest may change it; default false." },
        },
      },
    },
    environment: {
      kind: "map",
      names: NAME,
      of: { kind: "text", about: "A value." },
      about: "Environment variables, beside those that every guest has.",
    },
    cwd: guestPath("The working directory; default /."),
    memory: {
      kind: "size",
      least: LEAST_MEMORY,
      most: MOST_MEMORY,
      about: "Memory of the guest, such as 256M, which is the default.",
    },
    limits: {
      kind: "object",
      about: "What the program may use.",
      fields: {
        stack: {
          kind: "size",
          least: 64 << 10,
          most: 1 << 30,
          about: "The main thread's stack; default 8M.",
        },
        instructions: {
          kind: "count",
          least: 1,
          most: Number.MAX_SAFE_INTEGER,
          about: "It is stopped after so many.",
        },
        ...Object.fromEntries(
          Object.entries(LIMITS).map(([name, { kind, least, most, about }]) => [
            name,
            { kind, least, most, about },
          ]),
        ),
      },
    },
    aslr: { kind: "boolean", about: "Random addresses; default true." },
    aslrSeed: {
      kind: "text",
      pattern: SEED,
      wanted: compositionText.seed,
      about: "Lays the address space out as this seed does: a whole number of 64 bits.",
    },
    allowWx: { kind: "boolean", about: "Pages may be writable and executable; default false." },
    allowWxFor: {
      kind: "list",
      of: guestPath("A program."),
      about: "Only these programs' pages may be writable and executable.",
    },
    deterministic: { kind: "boolean", about: "Virtual time and seeded randomness; default false." },
    libraries: {
      kind: "list",
      about: `The micro-libraries to link, and no others; default all standard ones, which "${STANDARD_SET}" stands for.`,
      of: {
        kind: "named",
        about: `The name of a micro-library, "${STANDARD_SET}", a name with options, or a file of one's own.`,
        choices: [STANDARD_SET, ...REGISTER.map(({ name }) => name)],
        fields: {
          file: {
            kind: "text",
            about: "A TypeScript or JavaScript file with a library, seen from the Runikraftfile.",
          },
          ...Object.fromEntries(
            REGISTER.flatMap(({ name, options }) => (options ? [[name, optionsShape(name, options)]] : [])),
          ),
        },
      },
    },
  },
};

function optionsShape(name: string, fields: Readonly<Record<string, LibraryOption>>): ObjectShape {
  return { kind: "object", fields, about: `Options of ${name}.` };
}
