/** Linux's numbers of the errors that are found here and not by the host. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  EPROTO: 71,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
} as const;

/** A request fails; it is answered with `code`. */
class RequestError extends Error {
  readonly code: number;

  constructor(name: keyof typeof errno) {
    super(name);
    this.code = errno[name];
  }
}

const made = new Map<string, RequestError>();

/** Throws the error called `name`: one object each, as guests may ask for thousands. */
export function fail(name: keyof typeof errno): never {
  let error = made.get(name);
  if (!error) {
    error = new RequestError(name);
    made.set(name, error);
  }
  throw error;
}

/** What a request is answered with that failed with `error`. */
export function errnoOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" && code > 0 ? code : errno.EIO;
}
