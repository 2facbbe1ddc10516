import { TRANSPORTS } from "../../src/devices/virtio/driver-fixture.ts";
import { Random } from "../differential/random.ts";
import { attack, makeRequest, touchRegister } from "./hostile.ts";
import type { MakeTarget, Target } from "./target.ts";
import { Canary, CountingDma, FencedDriver, WatchedWork } from "./watch.ts";

/** A case's work at most: accesses to RAM, and bytes moved. */
const MOST_ACCESSES = 2_000_000;
const MOST_BYTES = 256 << 20;
/** Every so many cases the device must still do what it is for, and the canary be alive. */
const PROOF_EVERY = 16;

/** One device behind one kind of transport, used for many cases. */
class Victim {
  readonly driver: FencedDriver;
  readonly target: Target;
  readonly work = new WatchedWork();
  readonly canary: Canary;
  private readonly dma: CountingDma;

  constructor(make: MakeTarget, transport: (typeof TRANSPORTS)[number], random: Random) {
    let discard = (_page: number) => {};
    this.target = make({ work: this.work, discard: (page) => discard(page) });
    this.driver = new FencedDriver(this.target.device, {
      ...transport,
      ramBytes: 8 << 20,
      dma: (ram) => new CountingDma(ram, () => {}),
    });
    this.dma = this.driver.memory as CountingDma;
    discard = (page) => {
      if (!this.driver.ram.contains(page * 4096)) throw new Error(`page ${page} is no RAM`);
      // A mutated request may name the canary's pages, and so give them away.
      if (!this.canary.hasPage(page)) this.driver.ram.discard(page);
    };
    this.canary = new Canary(this.driver.memory, random);
  }

  /** Synchronous where the device is: a promise for each case would cost more than most cases. */
  attack(random: Random): void {
    this.dma.accesses = 0;
    this.dma.bytes = 0;
    const { driver, target } = this;
    if (random.below(8) === 0) {
      driver.reset();
      for (let left = random.below(60); left > 0; left--) touchRegister(random, driver);
      return;
    }
    if (random.below(4) === 0) {
      this.behave(random);
      return;
    }
    driver.start({ features: someFeatures(random), queueSize: random.pick([1, 2, 4, 8, 16]) });
    for (let left = 2 + random.below(14); left > 0; left--) attack(random, driver, target);
  }

  /** Rings as they should be, so that it is known where the device may write. */
  private behave(random: Random): void {
    const { driver, target, dma } = this;
    const restart = () => {
      this.checkWrites();
      driver.start({ features: someFeatures(random), queueSize: random.pick([4, 16, 64]) });
      dma.writes = [];
    };
    restart();
    for (let left = 1 + random.below(12); left > 0; left--) {
      const choice = random.below(16);
      if (choice === 0) restart();
      else if (choice < 3) target.poke?.(random);
      else if (choice === 3)
        driver.setConfig(random.below(64), random.pick([1, 2, 4] as const), random.below(256));
      else makeRequest(random, driver, target, false);
      if (choice > 12) driver.rings.forEach((_, queue) => void driver.collect(queue));
    }
  }

  /** What it wrote since it last was told to behave. */
  private checkWrites(): void {
    const stray = this.driver.findStray(this.dma.writes ?? []);
    this.dma.writes = undefined;
    if (stray)
      throw new Error(
        `${stray.length} bytes written at 0x${stray.address.toString(16)}, which were not given`,
      );
  }

  check(): void {
    this.checkWrites();
    const { accesses, bytes } = this.dma;
    if (accesses > MOST_ACCESSES || bytes > MOST_BYTES)
      throw new Error(`${accesses} accesses to RAM, ${bytes} bytes moved`);
  }

  async prove(): Promise<void> {
    if (!this.canary.isAlive) throw new Error("RAM outside of all buffers has changed");
    this.driver.start({ queueSize: 16 });
    if (!(await this.target.works(this.driver, () => this.work.settle())))
      throw new Error("the device does not work after a reset");
  }
}

function someFeatures(random: Random): bigint {
  return random.below(2) === 0 ? ~0n : random.bits64();
}

export interface FuzzOptions {
  readonly make: MakeTarget;
  readonly cases: number;
  readonly seed: number;
  /** After every so many cases. */
  readonly progress?: { readonly every: number; readonly report: (done: number) => void };
}

/** Throws at the first finding, with the number of its case: cases follow from the seed, each upon those before it. */
export async function fuzz({ make, cases, seed, progress }: FuzzOptions): Promise<void> {
  const random = new Random(seed);
  const victims = TRANSPORTS.map((transport) => new Victim(make, transport, random));
  for (let i = 0; i < cases; i++) {
    const victim = victims[i % victims.length];
    try {
      victim.attack(random);
      if (!victim.work.isIdle) await victim.work.settle();
      victim.check();
      if (i % (PROOF_EVERY * victims.length) >= (PROOF_EVERY - 1) * victims.length) await victim.prove();
    } catch (error) {
      throw new Error(`case ${i} of seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    if (progress && (i + 1) % progress.every === 0) progress.report(i + 1);
  }
}
