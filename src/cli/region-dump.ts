import type { Jit } from "../cpu/jit/jit.ts";
import type { Symbolize } from "../debug/listing.ts";
import { translatedCode, viewRegion } from "../debug/region-view.ts";
import { makeDirectory, writeWholeFile } from "../host/files.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { addressDigits, formatRegion } from "./region-text.ts";

/**
 * Writes what is translated to files of a directory, called by the region's address: `10034.txt`. Where another region begins
 * at the same address later (translated again with the jumps that were seen, or of another program) it takes the file's place.
 */
export class RegionDump {
  private readonly directory: string;
  private readonly symbolize: Symbolize;

  /** Makes the directory. Throws `RefusedError`. */
  constructor(directory: string, symbolize: Symbolize) {
    makeDirectory(directory);
    this.directory = directory;
    this.symbolize = symbolize;
  }

  /** From now on. `jit`: `undefined` where nothing is translated. */
  watch(jit: Jit | undefined, ram: PhysicalMemory): void {
    if (!jit) return;
    jit.onTranslated = (region, pages, page) => {
      const code = translatedCode(ram, region, pages, page);
      const view = viewRegion(region, page * 4096, code, this.symbolize);
      const file = `${this.directory}/${addressDigits(view.address)}.txt`;
      writeWholeFile(file, new TextEncoder().encode(formatRegion(view)));
    };
  }
}
