import { cliText } from "../messages/cli.ts";

/** Why the host would not, in the user's language. */
export function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return cliText.noSuchFile();
  if (code === "ENOTDIR") return cliText.notDirectory();
  if (code === "EISDIR") return cliText.isDirectory();
  if (code === "EACCES" || code === "EPERM") return cliText.notPermitted();
  if (code === "ENOSPC") return cliText.fullDisk();
  if (code === "EADDRINUSE") return cliText.addressInUse();
  if (code === "EADDRNOTAVAIL") return cliText.addressNotHere();
  if (code === "ERR_FS_FILE_TOO_LARGE") return cliText.tooLarge("2G");
  return message;
}
