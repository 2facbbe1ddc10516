import { runCommand } from "./child.ts";
import { checkOutput, HELLO } from "./programs.ts";
import { type Summary, summarise } from "./statistics.ts";
import { commandLine, QEMU } from "./tools.ts";

/** Milliseconds from starting a process to its end. */
export interface ColdStart {
  readonly ours: Summary;
  readonly node: Summary;
  readonly qemu: Summary;
  /** Ours less `node -e 0`, round by round. */
  readonly overNode: Summary;
  /** Ours divided by qemu-riscv64's, round by round. */
  readonly overQemu: Summary;
  /** Processor time, ours less `node -e 0`, on average: what a busy machine changes little. */
  readonly cpuOverNode: number;
}

const WARM_UPS = 2;

/** `run` (with these options) of a static hello, `node -e 0` and qemu-riscv64 on the same file in turn, `rounds` times. */
export function measureColdStart(hello: string, options: readonly string[], rounds: number): ColdStart {
  const commands = {
    ours: () => runCommand(process.execPath, [commandLine(), "run", ...options, hello]),
    node: () => runCommand(process.execPath, ["-e", "0"]),
    qemu: () => runCommand(QEMU, [hello]),
  };
  const taken: Record<keyof typeof commands, number>[] = [];
  let cpu = 0;
  for (let round = -WARM_UPS; round < rounds; round++) {
    const [ours, node, qemu] = [commands.ours(), commands.node(), commands.qemu()];
    checkOutput(HELLO.name, HELLO.small, "runikraft", ours.stdout);
    checkOutput(HELLO.name, HELLO.small, QEMU, qemu.stdout);
    if (round < 0) continue;
    taken.push({ ours: ours.wall, node: node.wall, qemu: qemu.wall });
    cpu += ours.cpu - node.cpu;
  }
  return {
    ours: summarise(taken.map(({ ours }) => ours)),
    node: summarise(taken.map(({ node }) => node)),
    qemu: summarise(taken.map(({ qemu }) => qemu)),
    overNode: summarise(taken.map(({ ours, node }) => ours - node)),
    overQemu: summarise(taken.map(({ ours, qemu }) => ours / qemu)),
    cpuOverNode: cpu / rounds,
  };
}
