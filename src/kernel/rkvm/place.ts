/** Has pages that are to follow each other in memory. */
export interface Placed {
  place: Place;
}

/**
 * Where in physical memory the pages of something numbered are to be: page `n` at `n + main`. Pages that follow each
 * other are then neighbours in memory, whatever order they come in. Where that is not free it is `n + aside`: copies made
 * after a fork, whose originals are still in the first place, follow each other as well.
 *
 * It reserves nothing. Both are NaN until they are chosen.
 */
export class Place {
  main: number;
  aside: number;
  /** The first page of the room that was found for them last, and the one behind it. */
  room = Number.POSITIVE_INFINITY;
  roomEnd = Number.POSITIVE_INFINITY;

  constructor(main = Number.NaN, aside = Number.NaN) {
    this.main = main;
    this.aside = aside;
  }

  /** For the same pages under numbers greater by `more`. */
  shifted(more: number): Place {
    return new Place(this.main - more, this.aside - more);
  }
}
