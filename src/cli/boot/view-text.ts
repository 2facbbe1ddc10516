import { Pte } from "../../cpu/sv39.ts";
import type { DeviceView, HartView, InterruptView, MemoryView } from "../../debug/machine-views.ts";
import type { PageMap } from "../../debug/page-map.ts";
import { formatFloatRegisters, formatRegisters } from "../../debug/registers.ts";
import { Status } from "../../devices/virtio/mmio-registers.ts";
import { hex, hexDigits } from "../../messages/hex.ts";
import { monitorText } from "../../messages/monitor.ts";
import { type Endpoint, formatIpv4 } from "../../net/address.ts";
import type { ConnectionEnds } from "../../net/gateway/relay.ts";
import { columns } from "../output.ts";

/** The views of a machine as the monitor prints them. */

const CSRS_IN_LINE = 3;

export function hartText({ id, privilege, registers, csrs }: HartView): string {
  const width = Math.max(...csrs.map(({ name }) => name.length));
  const cells = csrs.map(({ name, value }) => `${name.padStart(width)} ${hexDigits(value, 16)}`);
  const lines: string[] = [];
  for (let i = 0; i < cells.length; i += CSRS_IN_LINE)
    lines.push(cells.slice(i, i + CSRS_IN_LINE).join("  "));
  const parts = [monitorText.hart(id, privilege), formatRegisters(registers), ...lines];
  return `${[...parts, formatFloatRegisters(registers)].join("\n")}\n`;
}

export function mappingsText(map: PageMap | undefined): string {
  if (!map) return `${monitorText.noTranslation()}\n`;
  const header = ["vaddr", "paddr", "size", "attr"];
  const rows = map.ranges.map(({ start, physical, size, flags }) => [
    hexDigits(BigInt.asUintN(64, BigInt(start)), 16),
    hexDigits(physical, 16),
    hexDigits(size, 16),
    [..."rwxugad"].map((letter) => (flags & flagOf(letter) ? letter : "-")).join(""),
  ]);
  return columns([header, ...rows]) + (map.isCut ? `${monitorText.more()}\n` : "");
}

const flagOf = (letter: string): number => Pte[letter.toUpperCase() as keyof typeof Pte];

export function memoryText({ base, size, resident, shared, code, balloon }: MemoryView): string {
  const row = (name: string, bytes: number) => [name, `${bytes / 1024} KiB`];
  return columns([
    [monitorText.ram(), `${size / 1024} KiB`, `${hex(base)}-${hex(base + size)}`],
    row(monitorText.resident(), resident),
    row(monitorText.shared(), shared),
    row(monitorText.code(), code),
    ...(balloon === undefined ? [] : [row(monitorText.balloon(), balloon)]),
  ]);
}

const STATUS_NAMES: readonly (readonly [number, string])[] = [
  [Status.acknowledge, "ACKNOWLEDGE"],
  [Status.driver, "DRIVER"],
  [Status.featuresOk, "FEATURES_OK"],
  [Status.driverOk, "DRIVER_OK"],
  [Status.needsReset, "NEEDS_RESET"],
  [Status.failed, "FAILED"],
];

export function devicesText(devices: readonly DeviceView[]): string {
  return devices
    .map(({ name, base, size, interrupt, slot }) => {
      const line = interrupt === undefined ? "" : `  ${monitorText.interrupt(interrupt)}`;
      const place = `${hexDigits(base, 8)}-${hexDigits(base + size - 1, 8)}  ${name}${line}\n`;
      if (!slot?.device) return slot ? place.replace(name, monitorText.emptySlot()) : place;
      const names = STATUS_NAMES.flatMap(([bit, text]) => ((slot.status & bit) !== 0 ? [text] : []));
      const queues = slot.queues.map(({ size, maxSize, isReady, isEnabled }, i) =>
        monitorText.queue(i, size, maxSize, isReady ? "ready" : isEnabled ? "enabled" : "off"),
      );
      return [
        place,
        `    ${monitorText.slotStatus(slot.version, names.join(" ") || monitorText.untouched())}\n`,
        `    ${monitorText.features(hex(slot.accepted), hex(slot.offered))}\n`,
        ...queues.map((text) => `    ${text}\n`),
      ].join("");
    })
    .join("");
}

export function connectionsText(connections: readonly ConnectionEnds[]): string {
  const text = ({ address, port }: Endpoint) => `${formatIpv4(address)}:${port}`;
  const rows = connections.map(({ guest, peer }) => ["tcp", text(guest), text(peer)]);
  return columns([["", monitorText.guestEnd(), monitorText.otherEnd()], ...rows]);
}

export function interruptsText({ sources, contexts, timers, mtime }: InterruptView): string {
  const state = (isPending: boolean, isInService: boolean) =>
    [isPending ? monitorText.pending() : "", isInService ? monitorText.inService() : ""].join(" ").trim();
  return columns([
    ...sources.map(({ source, priority, isPending, isInService }) => [
      monitorText.source(source),
      monitorText.priority(priority),
      state(isPending, isInService),
    ]),
    ...contexts.map(({ hart, privilege, threshold, enabled }) => [
      monitorText.hart(hart, privilege),
      monitorText.threshold(threshold),
      monitorText.enabled(enabled.join(" ") || "-"),
    ]),
    ...timers.map(({ hart, mtimecmp, stimecmp, msip }) => [
      monitorText.timers(hart),
      `mtimecmp ${mtimecmp === undefined ? "-" : hex(mtimecmp)}`,
      `stimecmp ${stimecmp === undefined ? "-" : hex(stimecmp)}`,
      `msip ${msip ? 1 : 0}`,
    ]),
    ["mtime", hex(mtime)],
  ]);
}
