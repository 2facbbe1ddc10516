/** A chain that a driver makes available: bytes for the device to read, then room for it to write. */
export interface Request {
  readonly queue: number;
  readonly readable: Uint8Array;
  readonly writable: number;
}
