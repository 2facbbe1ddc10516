import { fchmodSync, fchownSync, fstatSync, ftruncateSync, futimesSync } from "node:fs";
import type { SharedAttributes, SharedChange } from "../devices/virtio/p9/tree.ts";
import { type GuestTerms, HOST_MODE, seconds, translated } from "./guest-terms.ts";

/** What is done at once with an open regular file of the host. */
export abstract class HostFile {
  protected readonly fd: number;
  private readonly terms: GuestTerms;

  constructor(fd: number, terms: GuestTerms) {
    this.fd = fd;
    this.terms = terms;
  }

  attributes(): SharedAttributes {
    return translated(() => this.terms.describe(fstatSync(this.fd, { bigint: true })));
  }

  setAttributes({ uid, gid, mode, atime, mtime }: SharedChange): void {
    this.terms.requireWritable();
    const { canChange } = this.terms.owners;
    translated(() => {
      const old = fstatSync(this.fd, { bigint: true });
      if (canChange && (uid !== undefined || gid !== undefined))
        fchownSync(this.fd, uid ?? Number(old.uid), gid ?? Number(old.gid));
      if (mode !== undefined) fchmodSync(this.fd, mode & HOST_MODE);
      if (atime !== undefined || mtime !== undefined)
        futimesSync(this.fd, seconds(atime ?? old.atimeNs), seconds(mtime ?? old.mtimeNs));
    });
  }

  resize(size: number): void {
    translated(() => ftruncateSync(this.fd, size));
  }
}
