/** A piece of an explanation: a value's text, and whether it needs no parentheses inside a formula. */
export interface Phrase {
  readonly text: string;
  readonly atom: boolean;
}

export const atom = (text: string): Phrase => ({ text, atom: true });
export const formula = (text: string): Phrase => ({ text, atom: false });

/** The text as it stands inside a formula. */
export const inner = ({ text, atom }: Phrase): string => (atom ? text : `(${text})`);
