import { MOST_HARTS } from "../../machine/hart-scheduler.ts";
import { EXTRA_DEVICES, type ExtraDevice } from "../../machine/machine-options.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { UsageError } from "../../messages/errors.ts";
import { type AllowRule, parseAllow } from "../../net/gateway/allow.ts";
import { type HostForward, parseHostForward } from "../../net/gateway/host-forward.ts";

/** Readers of `boot`'s option values. Each throws `UsageError` naming the option and what was given. */

const MOST_TAG_BYTES = 31;

/** 1 to 8. */
export function hartsValue(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > MOST_HARTS)
    throw new UsageError(bootCliText.badHarts(text, MOST_HARTS));
  return Number(text);
}

export function versionValue(text: string): 1 | 2 {
  if (text === "1") return 1;
  if (text === "2") return 2;
  throw new UsageError(bootCliText.badVersion(text));
}

export interface DriveOption {
  readonly file: string;
  readonly readOnly: boolean;
  readonly snapshot: boolean;
}

/** `FILE[,readonly][,snapshot]`, collected; as many drives may be given as there is room for. */
export function driveValue(text: string, before: readonly DriveOption[] = []): DriveOption[] {
  const [, file, flags] = /^(.*?)((?:,(?:readonly|snapshot))*)$/s.exec(text) ?? [];
  if (!file) throw new UsageError(bootCliText.badDrive(text));
  const drive = { file, readOnly: flags.includes(",readonly"), snapshot: flags.includes(",snapshot") };
  return [...before, drive];
}

export function netValue(text: string): "none" | "user" {
  if (text === "none" || text === "user") return text;
  throw new UsageError(bootCliText.badNet(text));
}

/** What the guest may reach, collected; `none` adds nothing to it. */
export function allowValue(text: string, before: readonly AllowRule[] = []): AllowRule[] {
  return text === "none" ? [...before] : [...before, parseAllow(text)];
}

/** A forwarded port, collected. */
export function forwardValue(text: string, before: readonly HostForward[] = []): HostForward[] {
  return [...before, parseHostForward(text)];
}

export interface ShareOption {
  readonly directory: string;
  readonly tag: string;
  readonly writable: boolean;
}

/** `DIR:TAG[:ro|rw]`, collected. The directory may hold colons, the tag may not. */
export function shareValue(text: string, before: readonly ShareOption[] = []): ShareOption[] {
  const match = /^(.+?):([^:]+)(?::(ro|rw))?$/s.exec(text);
  if (!match || match[2] === "ro" || match[2] === "rw") throw new UsageError(bootCliText.badShare(text));
  const [, directory, tag, mode] = match;
  if (new TextEncoder().encode(tag).length > MOST_TAG_BYTES)
    throw new UsageError(bootCliText.longTag(tag, MOST_TAG_BYTES));
  if (before.some((other) => other.tag === tag)) throw new UsageError(bootCliText.sameTag(tag));
  return [...before, { directory, tag, writable: mode === "rw" }];
}

export interface DeviceOption {
  readonly name: ExtraDevice;
  /** Of the socket that leads to the guest's vsock. */
  readonly path?: string;
}

/** `NAME` or `virtio-vsock,path=SOCKET`, collected. */
export function deviceValue(text: string, before: readonly DeviceOption[] = []): DeviceOption[] {
  const comma = text.indexOf(",");
  const word = comma < 0 ? text : text.slice(0, comma);
  const name = EXTRA_DEVICES.find((one) => one === word);
  if (!name) throw new UsageError(bootCliText.unknownDevice(word, EXTRA_DEVICES.join(", ")));
  if (before.some((other) => other.name === name)) throw new UsageError(bootCliText.sameDevice(name));
  if (comma < 0) return [...before, { name }];
  const [, path] = /^path=(.+)$/s.exec(text.slice(comma + 1)) ?? [];
  if (name !== "virtio-vsock" || !path) throw new UsageError(bootCliText.badProperty(text));
  return [...before, { name, path }];
}
