import { entriesOf, type ProcContext, ProcDirectory, ProcText } from "./nodes.ts";

/** `/proc/net` of a machine without network devices: the tables' headings (proc_net(5)). */
const INET_HEADING =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const TABLES: Record<string, string> = {
  arp: "IP address       HW type     Flags       HW address            Mask     Device\n",
  dev:
    "Inter-|   Receive                                                |  Transmit\n" +
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n",
  if_inet6: "",
  route: "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n",
  tcp: INET_HEADING,
  tcp6: INET_HEADING,
  udp: INET_HEADING,
  udp6: INET_HEADING,
  unix: "Num       RefCount Protocol Flags    Type St Inode Path\n",
};

export function networkDirectory(context: ProcContext, path: string): ProcDirectory {
  const tree = Object.fromEntries(
    Object.entries(TABLES).map(([name, text]) => [
      name,
      (at: string) => new ProcText(context, at, () => text),
    ]),
  );
  return new ProcDirectory(context, path, entriesOf(tree));
}
