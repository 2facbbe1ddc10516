import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { putU16 } from "../../src/net/bytes.ts";
import { cable } from "../../src/net/cable.ts";
import { checksum, pseudoHeaderSum } from "../../src/net/checksum.ts";
import { tap } from "../../src/net/pcap.ts";
import { temporaryFolder } from "./toolchain.ts";

/** A UDP packet from 10.0.2.15 to 10.0.2.2 with `length` bytes of data. */
function udpFrame(length: number): Uint8Array {
  const frame = new Uint8Array(42 + length);
  frame.set([0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45, 0]);
  putU16(frame, 16, 28 + length);
  frame.set([0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2], 18);
  putU16(frame, 24, checksum(frame, 14, 20));
  frame.set([0x30, 0x39, 0, 9], 34);
  putU16(frame, 38, 8 + length);
  putU16(frame, 40, checksum(frame, 34, 8 + length, pseudoHeaderSum(0x0a00020f, 0x0a000202, 17, 8 + length)));
  return frame;
}

test("tshark reads a capture of small and large frames without complaint", () => {
  const folder = temporaryFolder();
  const file = join(folder, "frames.pcap");
  const written: Uint8Array[] = [];
  const [near, far] = cable();
  let time = 1_700_000_000_000_000_123n;
  const tapped = tap(
    near,
    (bytes) => written.push(bytes),
    () => {
      time += 1_000_000_001n;
      return time;
    },
  );
  for (const length of [0, 1000, 65_507]) tapped.send(udpFrame(length));
  far.send(udpFrame(1));
  writeFileSync(file, Buffer.concat(written));
  const fields = ["frame.time_epoch", "frame.len", "udp.length", "ip.checksum.status", "udp.checksum.status"];
  const options = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T", "fields"];
  const args = ["-r", file, ...options, ...fields.flatMap((field) => ["-e", field])];
  const { stdout, stderr, status } = spawnSync("tshark", args, { encoding: "utf8" });
  expect([status, stderr.replace(/^Running as user "root".*\n/m, "")]).toEqual([0, ""]);
  const [sent, good] = [
    (seconds: number) => `${1_700_000_000 + seconds}.${String(123 + seconds).padStart(9, "0")}`,
    "1",
  ];
  expect(stdout.trim().split("\n")).toEqual(
    [0, 1000, 65_507, 1].map((length, i) => [sent(i + 1), 42 + length, 8 + length, good, good].join("\t")),
  );
  const [type, encapsulation, packets] = execFileSync("capinfos", ["-T", "-r", "-t", "-E", "-c", file], {
    encoding: "utf8",
  })
    .trim()
    .split("\t")
    .slice(1);
  expect([type, encapsulation, packets]).toEqual(["nsecpcap", "ether", "4"]);
  rmSync(folder, { recursive: true });
});
