import type { Range } from "../../loader/image.ts";

/** Whether an address lies in one of many ranges, which do not overlap. */
export function rangeFinder(ranges: readonly Range[]): (address: number) => boolean {
  const sorted = [...ranges].sort((a, b) => a.address - b.address);
  return (address) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address < sorted[low - 1].address + sorted[low - 1].size;
  };
}
