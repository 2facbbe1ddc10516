import { describe, expect, it } from "vitest";
import { UsageError } from "../../messages/errors.ts";
import { address } from "../network-fixture.ts";
import { isAllowed, parseAllow } from "./allow.ts";
import { parseHostForward } from "./host-forward.ts";

describe("port forwarding", () => {
  it("is written as QEMU has it", () => {
    expect(parseHostForward("tcp:127.0.0.1:8080-:80")).toEqual({
      protocol: "tcp",
      hostAddress: "127.0.0.1",
      hostPort: 8080,
      guestAddress: address("10.0.2.15"),
      guestPort: 80,
    });
    expect(parseHostForward("udp::5353-10.0.2.16:53")).toEqual({
      protocol: "udp",
      hostAddress: "0.0.0.0",
      hostPort: 5353,
      guestAddress: address("10.0.2.16"),
      guestPort: 53,
    });
    expect(parseHostForward("::1-:2").protocol).toBe("tcp");
  });

  it.each([
    ["8080:80", "write it as"],
    ["sctp::1-:2", "sctp is no protocol"],
    ["tcp:localhost:1-:2", "localhost is no IPv4 address"],
    ["tcp:1.2.3.256:1-:2", "1.2.3.256 is no IPv4 address"],
    ["tcp::0-:2", "0 is no port"],
    ["tcp::1-:65536", "65536 is no port"],
    ["tcp::-:80", " is no port"],
    ["tcp::1-192.168.0.1:2", "192.168.0.1 is no address of a guest"],
    ["tcp::1-10.0.2.2:2", "10.0.2.2 is no address of a guest"],
    ["tcp::1-:2 ", "2  is no port"],
  ])("refuses %s", (text, why) => {
    expect(() => parseHostForward(text)).toThrow(UsageError);
    expect(() => parseHostForward(text)).toThrow(why);
  });
});

describe("network permissions", () => {
  const allows = (rule: string, protocol: "tcp" | "udp", to: string, port: number) =>
    isAllowed([parseAllow(rule)], protocol, { address: address(to), port });

  it.each([
    ["tcp:93.184.216.34:80", "tcp", "93.184.216.34", 80, true],
    ["tcp:93.184.216.34:80", "udp", "93.184.216.34", 80, false],
    ["tcp:93.184.216.34:80", "tcp", "93.184.216.34", 81, false],
    ["tcp:93.184.216.34:80", "tcp", "93.184.216.35", 80, false],
    ["10.0.0.0/8", "udp", "10.255.0.1", 1, true],
    ["10.0.0.0/8", "tcp", "11.0.0.1", 1, false],
    ["200.0.0.0/1", "tcp", "255.0.0.1", 1, true],
    ["200.0.0.0/1", "tcp", "127.0.0.1", 1, false],
    ["udp:*:53", "udp", "8.8.8.8", 53, true],
    ["udp:*:53", "udp", "8.8.8.8", 54, false],
    ["*:8000-8002", "tcp", "1.1.1.1", 8002, true],
    ["*:8000-8002", "tcp", "1.1.1.1", 8003, false],
    ["*", "tcp", "1.1.1.1", 8003, true],
  ] as const)("%s: %s %s %i is %s", (rule, protocol, to, port, expected) => {
    expect(allows(rule, protocol, to, port)).toBe(expected);
  });

  it("are none without a rule, and all where all is said", () => {
    const to = { address: address("1.1.1.1"), port: 1 };
    expect([isAllowed([], "tcp", to), isAllowed("all", "tcp", to)]).toEqual([false, true]);
  });

  it.each([
    ["", "write it as"],
    ["icmp:1.1.1.1", "icmp is no protocol"],
    ["tcp:", "write it as"],
    ["example.com", "write it as"],
    ["1.1.1.1/33", "33 is no prefix length"],
    ["1.1.1.1/8/8", "write it as"],
    ["1.1.1:80", "1.1.1 is no IPv4 address"],
    ["*:0", "0 is no port"],
    ["*:9-8", "the ports 9-8 end before they begin"],
    ["*:1-2-3", "write it as"],
    ["tcp:*:1:2", "write it as"],
  ])("refuse %j", (text, why) => {
    expect(() => parseAllow(text)).toThrow(UsageError);
    expect(() => parseAllow(text)).toThrow(why);
  });
});
