/**
 * Those of `names` that stand in `data` with a zero byte behind them, be it as the end of a longer text. One pass over the
 * data, however many names there are.
 */
export function namesIn(data: readonly Uint8Array[], names: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const lengths = [...new Set([...names].map((name) => name.length))].sort((a, b) => a - b);
  const longest = lengths.at(-1) ?? 0;
  for (const bytes of data) {
    let start = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
      const text =
        end === start ? "" : String.fromCharCode(...bytes.subarray(Math.max(start, end - longest), end));
      for (const length of lengths) {
        if (length > text.length) break;
        const name = text.slice(text.length - length);
        if (names.has(name)) found.add(name);
      }
      start = end + 1;
    }
  }
  return found;
}
