/**
 * The message catalogue: every text a user reads stands in one of this folder's files, once a language.
 * English is the default; `RUNIKRAFT_LANG=zh` (read by the command line) selects Chinese.
 */
export type Locale = "en" | "zh";

let current: Locale = "en";

export function setLocale(locale: Locale): void {
  current = locale;
}

type Messages = Record<string, (...args: never[]) => string>;

/** One area's messages. Each is a function of its parameters, so the compiler checks every use. */
export function catalogue<T extends Messages>(english: T, chinese: T): T {
  const languages: Record<Locale, T> = { en: english, zh: chinese };
  const entries = Object.keys(english).map((key) => [
    key,
    (...args: never[]) => (languages[current][key] as (...a: never[]) => string)(...args),
  ]);
  return Object.fromEntries(entries) as T;
}
