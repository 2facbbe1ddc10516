/** Text kept of what has passed: a match can be this long. */
const KEPT = 65536;

/** Looks for a text in what a guest prints, piece by piece. */
export class TextSearch {
  found = false;
  private readonly wanted: string | RegExp;
  private readonly decoder = new TextDecoder();
  private tail = "";

  /** A regular expression's `g` and `y` flags are of no use here. */
  constructor(wanted: string | RegExp) {
    this.wanted = wanted;
  }

  add(bytes: Uint8Array): void {
    if (this.found) return;
    this.tail += this.decoder.decode(bytes, { stream: true });
    const { tail, wanted } = this;
    this.found = typeof wanted === "string" ? tail.includes(wanted) : tail.search(wanted) >= 0;
    this.tail = tail.slice(-KEPT);
  }
}
