import {
  anything,
  bytes,
  flag,
  integer,
  listOf,
  must,
  oneOf,
  optional,
  record,
  type Shape,
  type Shaped,
  text,
  u64,
} from "../devices/state-shape.ts";
import { FRAME_SIZE } from "../memory/arena.ts";
import { BOARD_STATE } from "./board.ts";
import { MOST_HARTS } from "./hart-scheduler.ts";
import { EXTRA_DEVICES, type ExtraDevice, LEAST_MEMORY, MOST_MEMORY } from "./machine-options.ts";

/** Bytes of input that a machine keeps for its guest. */
export const INPUT_KEPT = 65536;

const any = Number.MAX_SAFE_INTEGER;
const bootFile = record({ name: text(any), bytes: bytes(0, any) });
const biosName = oneOf("builtin", "none");
const pages: Shape<number> = (state) => {
  const size = integer(LEAST_MEMORY, MOST_MEMORY)(state);
  must(size % FRAME_SIZE === 0);
  return size;
};
const doubleword: Shape<number> = (state) => {
  const address = integer(0, any)(state);
  must(address % 8 === 0);
  return address;
};

const CONFIG = record({
  memory: pages,
  harts: optional(integer(1, MOST_HARTS)),
  boot: record({
    bios: (state) => (typeof state === "string" ? biosName(state) : bootFile(state)),
    kernel: optional(bootFile),
    initrd: optional(bootFile),
    append: optional(text(any)),
  }),
  devices: optional(listOf(oneOf<ExtraDevice>(...EXTRA_DEVICES), 0, EXTRA_DEVICES.length)),
  virtioVersion: optional(oneOf<1 | 2>(1, 2)),
  noDefaults: optional(flag),
  packedRings: optional(flag),
  deterministic: optional(flag),
  seed: optional(u64),
});

/** A saved machine, RAM aside. */
export const MACHINE_STATE = record({
  config: CONFIG,
  /** What is in each virtio slot. */
  slots: listOf(text(any), 0, any),
  board: BOARD_STATE,
  /** Of each disk its size and, where they are saved with the machine, its contents. */
  disks: listOf(record({ sizeBytes: integer(0, any), readOnly: flag, contents: anything }), 0, any),
  /** Random numbers drawn. */
  drawn: integer(0, any),
  hostTarget: optional(record({ tohost: doubleword, fromhost: optional(doubleword) })),
  input: bytes(0, INPUT_KEPT),
  /** Where input goes. */
  usesVirtioConsole: flag,
  exitCode: optional(integer(0, any)),
});
export type MachineState = Shaped<typeof MACHINE_STATE>;
