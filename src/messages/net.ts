import { catalogue } from "./catalogue.ts";

/** What the user-mode network says to a user. */
export const netText = catalogue(
  {
    forwardShape: (text: string) =>
      `port forwarding ${text}: write it as tcp:HOSTADDRESS:HOSTPORT-GUESTADDRESS:GUESTPORT, as in tcp:127.0.0.1:8080-:80`,
    allowShape: (text: string) =>
      `network permission ${text}: write it as [tcp:|udp:]ADDRESS[/PREFIX][:PORT[-PORT]] with * for any address or port, as in tcp:192.0.2.1:80`,
    badProtocol: (text: string, protocol: string) => `${text}: ${protocol} is no protocol: tcp or udp`,
    badAddress: (text: string, address: string) => `${text}: ${address} is no IPv4 address such as 192.0.2.1`,
    badGuestAddress: (text: string, address: string) =>
      `${text}: ${address} is no address of a guest: those are 10.0.2.4 to 10.0.2.254`,
    badPrefix: (text: string, prefix: string) => `${text}: ${prefix} is no prefix length: 0 to 32`,
    badPort: (text: string, port: string) => `${text}: ${port} is no port: 1 to 65535`,
    badPortRange: (text: string, range: string) => `${text}: the ports ${range} end before they begin`,
    cannotForward: (address: string, port: number, why: string) =>
      `cannot forward ${address}:${port}: ${why}`,
  },
  {
    forwardShape: (text: string) =>
      `端口转发 ${text}：应写作 tcp:主机地址:主机端口-客户地址:客户端口，例如 tcp:127.0.0.1:8080-:80`,
    allowShape: (text: string) =>
      `网络许可 ${text}：应写作 [tcp:|udp:]地址[/前缀][:端口[-端口]]，* 表示任意地址或端口，例如 tcp:192.0.2.1:80`,
    badProtocol: (text: string, protocol: string) => `${text}：${protocol} 不是协议，只能是 tcp 或 udp`,
    badAddress: (text: string, address: string) => `${text}：${address} 不是 IPv4 地址（例如 192.0.2.1）`,
    badGuestAddress: (text: string, address: string) =>
      `${text}：${address} 不是客户机的地址，应在 10.0.2.4 到 10.0.2.254 之间`,
    badPrefix: (text: string, prefix: string) => `${text}：${prefix} 不是前缀长度，应为 0 到 32`,
    badPort: (text: string, port: string) => `${text}：${port} 不是端口，应为 1 到 65535`,
    badPortRange: (text: string, range: string) => `${text}：端口范围 ${range} 的终点小于起点`,
    cannotForward: (address: string, port: number, why: string) => `无法转发 ${address}:${port}：${why}`,
  },
);
