/**
 * Pages that areas of several address spaces show: of a file, or memory that is shared without one. Private mappings
 * of a file show its pages until they are written to.
 */
export interface PageObject {
  /** Has the page at byte `offset`; otherwise it faults with SIGBUS. */
  holds(offset: number): boolean;
  /** A file's: writes have to be noticed, so that they get there. */
  readonly hasFile: boolean;
  /** One more area of `space` shows it. `shared`: and writes to it. */
  retain(space: MappingSpace, shared: boolean): void;
  /** One area less. */
  release(space: MappingSpace, shared: boolean): void;
  /** The physical page of page `index`, brought in where it is new; -1 when memory is used up. */
  page(index: number): number;
  /** The same where it is in memory already, else -1. */
  known(index: number): number;
  /** Page `index` is about to be written. */
  markDirty(index: number): void;
  /** Writes back what was written in pages `first` up to `end`. */
  sync(first: number, end: number): void;
  /** Makes bytes from `from` to before `to` zeros, and gives back whole pages of them. False: not possible. */
  punch(from: number, to: number): boolean;
}

/** An address space as an object sees it whose pages it shows. */
export interface MappingSpace {
  /**
   * Takes the object's pages from `first` up to `end` out of the page table: the object has other ones now, or none.
   * `copies`: private copies of them too.
   */
  dropPages(object: PageObject, first: number, end: number, copies: boolean): void;
  /** Makes sure that the next write to the object's pages from `first` up to `end` is noticed. */
  protectPages(object: PageObject, first: number, end: number): void;
}
