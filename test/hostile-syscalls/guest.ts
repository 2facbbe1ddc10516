import { grantDirectory } from "../../src/host/shared-directory.ts";
import { makeImage } from "../../src/kernel/ext2/image-fixture.ts";
import type { Library } from "../../src/kernel/library.ts";
import { blockDevices } from "../../src/kernel/rkblkdev/block-device.ts";
import { RamDisk } from "../../src/kernel/rkblkdev/ram-disk.ts";
import { Prot } from "../../src/kernel/rkvm/vma.ts";
import type { HostedMachine } from "../../src/machine/hosted.ts";
import { guest } from "../../src/machine/hosted-fixture.ts";
import type { HostedOptions } from "../../src/machine/hosted-options.ts";
import { STANDARD } from "../../src/machine/libraries.ts";
import { CALL_BYTES, type Call } from "./call.ts";
import { PLACES } from "./places.ts";

/**
 * A guest that makes the calls of a table in its memory, one after the other. Every signal's handler, on a stack of
 * its own, goes on with the next call, so a sequence outlives most of what it does to itself.
 *
 *     state:    0 position in the table   8 the initial sp   16 the last result that was no error
 */
const SOURCE = `
  .equ STATE, ${PLACES.state}
  .equ CALLS, ${PLACES.calls}
  _start:  li s0, STATE
           sd sp, 8(s0)
           la a0, stack
           li a1, 0
           li a7, SIGALTSTACK
           ecall
           li s2, 1
  action:  mv a0, s2
           la a1, act
           li a2, 0
           li a3, 8
           li a7, SIGACTION
           ecall
           addi s2, s2, 1
           li t0, 65
           blt s2, t0, action
  next:    li s0, STATE
           ld sp, 8(s0)
           ld s1, 0(s0)
           li t0, CALLS
           ld t1, 0(t0)                    # how many there are
           bgeu s1, t1, done
           addi t1, s1, 1
           sd t1, 0(s0)
           slli s1, s1, 6
           add s1, s1, t0
           addi s1, s1, ${CALL_BYTES}
           ld t2, 56(s1)
           ld a7, 0(s1)
           ld a0, 8(s1)
           ld a1, 16(s1)
           ld a2, 24(s1)
           ld a3, 32(s1)
           ld a4, 40(s1)
           ld a5, 48(s1)
           beqz t2, call
           addi t2, t2, -1
           beqz t2, again
           addi t2, t2, -1
           beqz t2, touch
           jr a0
  touch:   lb t0, 0(a0)
           sb t0, 0(a0)
           j next
  again:   ld a0, 16(s0)
  call:    ecall
           li s0, STATE
           blt a0, zero, next
           sd a0, 16(s0)
           j next
  done:    li a0, 42
           li a7, EXIT_GROUP
           ecall
  handler: j next
           .data
           .balign 8
  act:     .dword handler, 0x48000004, 0    # SA_SIGINFO, SA_ONSTACK, SA_NODEFER
  stack:   .dword ${PLACES.signalStack}, 0, ${PLACES.signalStackBytes}
`;

export interface HostileGuest {
  readonly machine: HostedMachine;
  readonly output: () => string;
}

/** What the calls are made in. */
export interface Surroundings {
  /** Bytes of guest memory. */
  readonly memory: number;
  /** A terminal, with somebody who types control characters at it. */
  readonly terminal?: boolean;
  /** A directory of the host beneath the guest's root and, read-only, at `/mnt`. */
  readonly directory?: string;
  /** A directory of the host at `/host`, to be written to. */
  readonly writable?: string;
  /** An ext2 on a disk at `/disk`. */
  readonly disk?: boolean;
  /** What else the machine is made of. */
  readonly hosted?: Partial<HostedOptions>;
  /** What is wrong when all processes are gone. */
  readonly check?: (machine: HostedMachine) => string[];
}

const TYPED = "typed\x7f by the host\n\x04 \x03 \x1a \x1c \x12 \x16\xff\x15 \n";

/** A machine that is about to make `calls`. */
export async function hostileGuest(
  calls: readonly Call[],
  data: Uint8Array,
  surroundings: Surroundings,
): Promise<HostileGuest> {
  const { memory, terminal = false, disk = false, hosted } = surroundings;
  let printed = "";
  const typed = [TYPED, TYPED, TYPED].map((text) => Uint8Array.from(text, (key) => key.charCodeAt(0)));
  const output = {
    terminal,
    write: (bytes: Uint8Array) => {
      printed = (printed + new TextDecoder("latin1").decode(bytes)).slice(-100);
    },
  };
  const { machine } = await guest(SOURCE, {
    memory,
    strace: undefined,
    aslr: false,
    ...filesOf(surroundings),
    ...(disk && { linked: [...STANDARD, { name: "ext2" }], libraries: [ramDisk()] }),
    console: {
      input: { terminal, read: () => typed.shift(), onInput: () => {} },
      output,
      error: output,
      size: () => ({ rows: 24, columns: 80 }),
      onResize: () => {},
    },
    ...hosted,
  });
  const space = machine.process.memory;
  const put = (address: number, bytes: Uint8Array, prot: number) => {
    space.map(address, Math.ceil(bytes.length / 4096) * 4096, { prot });
    for (let at = 0; at < bytes.length; at += 4096)
      space.forcedPage(address + at).set(bytes.subarray(at, at + 4096));
  };
  const RW = Prot.read | Prot.write;
  put(PLACES.calls, encoded(calls), Prot.read);
  put(PLACES.state, new Uint8Array(4096), RW);
  put(PLACES.signalStack, new Uint8Array(PLACES.signalStackBytes), RW);
  put(PLACES.data, data, RW);
  put(PLACES.readOnly, data.slice(0, 4096), Prot.read);
  space.map(PLACES.none, 4096, { prot: Prot.none });
  return { machine, output: () => printed };
}

function filesOf(surroundings: Surroundings): Pick<HostedOptions, "files" | "shares"> {
  const { directory, writable, disk, memory } = surroundings;
  const share = (tag: string, path: string | undefined, write: boolean) =>
    path === undefined ? [] : [{ tag, tree: grantDirectory(path, write) }];
  return {
    files: {
      memory,
      base: directory === undefined ? undefined : { tag: "root", readOnly: true },
      mounts: [
        ...(directory === undefined ? [] : [{ path: "/mnt", tag: "mnt", readOnly: true }]),
        ...(writable === undefined ? [] : [{ path: "/host", tag: "host", readOnly: false }]),
        ...(disk ? [{ path: "/disk", disk: 0, readOnly: false }] : []),
      ],
    },
    shares: [
      ...share("root", directory, false),
      ...share("mnt", directory, false),
      ...share("host", writable, true),
    ],
  };
}

/** In place of disks behind virtio, whose driver keeps pages for itself. */
const ramDisk = (): Library => ({
  name: "ram-disk",
  summary: () => "",
  provides: [blockDevices],
  needs: [],
  start: (kernel) => kernel.provide(blockDevices, [new RamDisk(IMAGE.slice())]),
});
const IMAGE = makeImage();

function encoded(calls: readonly Call[]): Uint8Array {
  const words = new BigUint64Array((calls.length + 1) * 8);
  words[0] = BigInt(calls.length);
  for (const [i, { number, args, mode }] of calls.entries())
    words.set(
      [BigInt(number), ...args, BigInt(mode)].map((word) => BigInt.asUintN(64, word)),
      (i + 1) * 8,
    );
  return new Uint8Array(words.buffer);
}
