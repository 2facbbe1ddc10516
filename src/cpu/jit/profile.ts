/** Where the jumps to registers of a region were seen to go, so that it can be translated again with them inside. */
export class JumpProfile {
  private samples = 0;
  private translations = 0;
  private isNews = false;
  /** By the jump's offset, the offsets that it went to. */
  private readonly sites = new Map<number, Set<number>>();

  /** Translating it once more is not worth it. */
  get isFull(): boolean {
    return this.translations >= MOST_TRANSLATIONS;
  }

  /** Notes one jump. Returns whether the region should be translated again by what is known now. */
  add(site: number, target: number): boolean {
    let targets = this.sites.get(site);
    if (!targets) {
      targets = new Set();
      this.sites.set(site, targets);
    }
    if (targets.size < MOST_CHOICES && !targets.has(target)) {
      targets.add(target);
      this.isNews = true;
    }
    if (++this.samples < SAMPLES * 2 ** this.translations) return false;
    this.samples = 0;
    this.translations++;
    const isNews = this.isNews;
    this.isNews = false;
    return isNews;
  }

  /** By the jump's offset. */
  get all(): readonly (readonly [site: number, targets: readonly number[]])[] {
    return [...this.sites].map(([site, targets]) => [site, [...targets]] as const);
  }

  choices(site: number): readonly number[] {
    return [...(this.sites.get(site) ?? [])];
  }
}

/** Jumps that are noted before the first translation by them; twice as many before each next one. */
const SAMPLES = 8;
const MOST_TRANSLATIONS = 4;
const MOST_CHOICES = 32;
