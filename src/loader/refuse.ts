import { RefusedError } from "../messages/errors.ts";

/** What `execve` answers when an image is refused for this reason. */
export type LoadErrno = "ENOEXEC" | "ELIBBAD" | "E2BIG" | "ENOMEM";

/** An image that is not loaded. The message is one line and names the file, the field and its value. */
export class LoadError extends RefusedError {
  readonly errno: LoadErrno;
  constructor(message: string, errno: LoadErrno = "ENOEXEC") {
    super(message);
    this.errno = errno;
  }
}
