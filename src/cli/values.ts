import type { JitMode } from "../cpu/jit/jit.ts";
import { type KernelLimits, LIMITS, type LimitName } from "../kernel/limits.ts";
import { cliText } from "../messages/cli.ts";
import { UsageError } from "../messages/errors.ts";
import { formatSize } from "./output.ts";

/** Readers of option values. Each throws `UsageError` naming the option and what was given. */

const UNITS: Record<string, number> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes, rounded up to whole pages, from `least` to `most`. */
export function sizeValue(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,15})([KMG]?)(?:i?B)?$/i.exec(text);
    if (!match) throw new UsageError(cliText.badSize(flag, text));
    const bytes = Number(match[1]) * UNITS[match[2].toUpperCase()];
    if (bytes < least || bytes > most)
      throw new UsageError(cliText.sizeOutside(flag, text, formatSize(least), formatSize(most)));
    return Math.ceil(bytes / 4096) * 4096;
  };
}

/** Whether code is translated (`--jit`). */
export function jitValue(text: string): JitMode {
  if (text === "off" || text === "on" || text === "always") return text;
  throw new UsageError(cliText.badJit(text));
}

export function countValue(flag: string): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count === 0 || !Number.isSafeInteger(count))
      throw new UsageError(cliText.badCount(flag, text));
    return count;
  };
}

/** `NAME=NUMBER`, collected; a name's last number counts. */
export function limitValue(text: string, before: Partial<KernelLimits> = {}): Partial<KernelLimits> {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (!Object.hasOwn(LIMITS, name))
    throw new UsageError(cliText.noLimit(text, Object.keys(LIMITS).join(", ")));
  const { kind, least, most } = LIMITS[name as LimitName];
  const flag = `--limit ${name}`;
  const number = text.slice(equals + 1);
  if (kind === "size") return { ...before, [name]: sizeValue(flag, least, most)(number) };
  const count = countValue(flag)(number);
  if (count < least || count > most)
    throw new UsageError(cliText.sizeOutside(flag, number, String(least), String(most)));
  return { ...before, [name]: count };
}

export function seedValue(flag: string): (text: string) => bigint {
  return (text) => {
    if (!/^(\d+|0[xX][\da-fA-F]+)$/.test(text) || BigInt(text) >= 1n << 64n)
      throw new UsageError(cliText.badSeed(flag, text));
    return BigInt(text);
  };
}

export interface MountOption {
  readonly host: string;
  readonly guest: string;
  readonly writable: boolean;
}

/** `HOST:GUEST[:ro|rw]`, collected. The host path may hold colons, the guest path may not. */
export function mountValue(text: string, before: readonly MountOption[] = []): MountOption[] {
  const match = /^(.+?):([^:]+)(?::(ro|rw))?$/.exec(text) ?? undefined;
  if (!match || match[2] === "ro" || match[2] === "rw") throw new UsageError(cliText.badMount(text));
  const [, host, guest, mode] = match;
  if (!guest.startsWith("/")) throw new UsageError(cliText.mountNotAbsolute(guest));
  return [...before, { host, guest, writable: mode === "rw" }];
}

export interface DiskOption {
  readonly host: string;
  readonly writable: boolean;
}

/** `FILE[:ro|rw]`, collected. */
export function diskValue(text: string, before: readonly DiskOption[] = []): DiskOption[] {
  const host = text.replace(/:r[ow]$/, "");
  return [...before, { host, writable: text.endsWith(":rw") }];
}

/** `NAME=VALUE`, collected. */
export function envValue(text: string, before: readonly string[] = []): string[] {
  if (!/^[^=\0]+=[^\0]*$/s.test(text)) throw new UsageError(cliText.badEnv(text));
  return [...before, text];
}

/** Nothing, for the whole machine, or absolute paths of the guest with commas between; collected. */
export function wxValue(text: string, before: boolean | readonly string[] = []): true | readonly string[] {
  if (text === "" || before === true) return true;
  const programs = text.split(",");
  for (const path of programs) if (!path.startsWith("/")) throw new UsageError(cliText.wxNotAbsolute(path));
  return [...(before || []), ...programs];
}

/** An address, decimal or 0x…, on a page's edge. */
export function addressValue(flag: string): (text: string) => bigint {
  return (text) => {
    if (!/^(\d+|0[xX][\da-fA-F]+)$/.test(text) || BigInt(text) >= 1n << 64n || BigInt(text) % 4096n !== 0n)
      throw new UsageError(cliText.badAddress(flag, text));
    return BigInt(text);
  };
}
