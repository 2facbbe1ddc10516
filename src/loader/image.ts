import type { ElfFile } from "./file.ts";

/** What may be done with memory. */
export interface Protection {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** One PT_LOAD segment that takes up memory. Addresses are as linked. */
export interface Segment extends Protection {
  /** Place in the program header table, as `readelf -l` counts. */
  readonly index: number;
  /** First byte: virtual for a hosted image, physical (`p_paddr`) for a bare one. */
  readonly address: number;
  /** Bytes in memory; what the file does not give is zero. */
  readonly memorySize: number;
  /** Bytes that the file gives, at most `memorySize`. */
  readonly fileSize: number;
  /** These bytes, read when asked for. */
  readonly bytes: Uint8Array;
  /** `p_offset` */
  readonly offset: number;
  /** `p_align`, at least 1. */
  readonly align: number;
}

/** The thread-local storage template (PT_TLS), as linked. */
export interface TlsTemplate {
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** A range of addresses as linked. */
export interface Range {
  readonly address: number;
  readonly size: number;
}

/** What the dynamic section says; see `dynamic.ts`. */
export interface DynamicInfo {
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
  readonly soname: string | undefined;
  /** DT_RUNPATH, or DT_RPATH. */
  readonly runpath: string | undefined;
  /** DF_1_PIE: a position-independent executable, not a shared library. */
  readonly pie: boolean;
  /** DF_BIND_NOW or DF_1_NOW. */
  readonly bindNow: boolean;
}

/**
 * A validated ELF image: nothing in it needs checking again. Hosted images (Linux programs) have all addresses in
 * the Sv39 user half; bare ones (kernels, firmware, conformance tests) are loaded at their physical addresses.
 */
export interface Image {
  /** What messages call it. */
  readonly name: string;
  readonly file: ElfFile;
  readonly bare: boolean;
  /** ET_DYN: may be placed anywhere (`place` in layout.ts adds its base); ET_EXEC: at its own addresses. */
  readonly relocatable: boolean;
  /** As linked; physical for a bare image. */
  readonly entry: number;
  /** In address order, not overlapping, at least one. */
  readonly segments: readonly Segment[];
  /** Whole pages that the segments span, as linked. */
  readonly start: number;
  readonly end: number;
  /** The largest `p_align`. */
  readonly align: number;
  /** Where the program header table will be in memory, as linked; `undefined` where no segment holds it. */
  readonly programHeaders: { readonly count: number; readonly address: number | undefined };
  /** PT_INTERP: the path of the dynamic linker. */
  readonly interpreter: string | undefined;
  readonly tls: TlsTemplate | undefined;
  /** PT_GNU_STACK asks for an executable stack (which only `allowWx` grants). `undefined`: no such header. */
  readonly executableStack: boolean | undefined;
  /** PT_GNU_RELRO: what the program's own startup code makes read-only. */
  readonly relro: Range | undefined;
  readonly dynamic: DynamicInfo | undefined;
  /** NT_GNU_BUILD_ID, in hexadecimal. */
  readonly buildId: string | undefined;
  /** `e_flags` and `e_ident[EI_OSABI]`. */
  readonly flags: number;
  readonly osAbi: number;
}
