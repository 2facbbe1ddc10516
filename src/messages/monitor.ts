import { catalogue } from "./catalogue.ts";

/** What the monitor of a booted machine says. Command names are QEMU's. */
export const monitorText = catalogue(
  {
    help: () => `info registers [HART]  registers of one hart, or of all
info mem               what the hart's page table maps: addresses, sizes, rwx, user, global, accessed, dirty
info pages             use of RAM
info devices           the bus, and how far drivers are with the virtio devices
info irq               PLIC, CLINT and timers
info network           TCP connections through --net user
info status            whether the machine runs, and for how long
cpu HART               choose the hart that x and info mem look at
x /FMT ADDRESS         memory as the hart sees it; FMT: count, x d u c i, b h w g, as in x /8xg 0x80000000
xp /FMT ADDRESS        the same at a physical address
screendump FILE        the screen of virtio-gpu as PNG
sendkey KEYS           keys of virtio-keyboard held together, as in sendkey ctrl-alt-delete
mouse_move X Y         virtio-tablet's position, 0 to 32767 in both directions
mouse_button STATE     its buttons: 1 left, 2 middle, 4 right, added up; 0 releases
balloon MIB            the memory that virtio-balloon is to leave the guest
savevm FILE            save the machine
loadvm FILE            put a saved machine in its place
stop                   the machine stands still
cont                   and goes on
system_reset           reset it
quit                   leave (also Ctrl-A x; Ctrl-A c goes back to the guest)`,
    welcome: () => "monitor; help lists the commands, Ctrl-A c goes back to the guest",
    back: () => "back to the guest",
    unknownCommand: (name: string) => `unknown command "${name}"; help lists the commands`,
    unknownInfo: (name: string) => `info "${name}" is not known; help lists the commands`,
    usage: (line: string) => `usage: ${line}`,
    noHart: (text: string, most: number) => `there is no hart "${text}": 0 to ${most}`,
    noDevice: (name: string) => `the machine has no ${name}: --device ${name}`,
    noNetwork: () => "the machine has no network: --net user",
    noScreen: () => "the guest has not turned the screen on",
    unknownKey: (name: string) => `there is no key "${name}"`,
    badFormat: (text: string) => `"${text}" is no format: /COUNT, x d u c or i, and b h w or g`,
    badAddress: (text: string) => `"${text}" is no address: decimal, 0x… or a register such as $pc`,
    cannotRead: (address: string) => `cannot read memory at ${address}`,
    badBalloon: (text: string, most: number) =>
      `balloon: "${text}" is not a whole number of MiB from 1 to ${most}`,
    saved: (file: string) => `saved to ${file}`,
    loaded: (file: string) => `loaded from ${file}`,
    written: (file: string) => `written to ${file}`,
    running: () => "running",
    standing: () => "stopped (cont lets it go on)",
    status: (state: string, harts: number, instructions: string, seconds: string) =>
      `${state}, ${harts} harts, ${instructions} instructions, ${seconds} s of the machine's time`,

    hart: (id: number, privilege: string) => `hart ${id} ${privilege}-mode`,
    noTranslation: () => "satp is bare: addresses are physical",
    more: () => "and more, which is not shown",
    ram: () => "RAM",
    resident: () => "touched",
    shared: () => "shared with a fork",
    code: () => "pages of decoded code",
    balloon: () => "in the balloon",
    guestEnd: () => "guest",
    otherEnd: () => "other end",
    interrupt: (source: number) => `interrupt ${source}`,
    emptySlot: () => "virtio-mmio (empty)",
    slotStatus: (version: number, names: string) => `version ${version}, status ${names}`,
    untouched: () => "reset",
    features: (accepted: string, offered: string) => `features ${accepted} of ${offered}`,
    queue: (index: number, size: number, most: number, state: string) =>
      `queue ${index}: ${size} of ${most}, ${{ ready: "in use", enabled: "set up", off: "not set up" }[state]}`,
    source: (source: number) => `source ${source}`,
    priority: (priority: number) => `priority ${priority}`,
    pending: () => "pending",
    inService: () => "claimed",
    threshold: (threshold: number) => `threshold ${threshold}`,
    enabled: (sources: string) => `enabled ${sources}`,
    timers: (hart: number) => `hart ${hart} timers`,
  },
  {
    help: () => `info registers [HART]  一个 hart 或所有 hart 的寄存器
info mem               hart 的页表映射了什么：地址、大小、rwx、用户、全局、访问过、写过
info pages             内存的使用情况
info devices           总线，以及驱动对 virtio 设备的设置
info irq               PLIC、CLINT 和定时器
info network           经过 --net user 的 TCP 连接
info status            机器是否在运行，运行了多久
cpu HART               选择 x 和 info mem 所看的 hart
x /FMT ADDRESS         hart 看到的内存；FMT：个数，x d u c i，b h w g，例如 x /8xg 0x80000000
xp /FMT ADDRESS        同上，但用物理地址
screendump FILE        把 virtio-gpu 的屏幕存为 PNG
sendkey KEYS           同时按下 virtio-keyboard 的几个键，例如 sendkey ctrl-alt-delete
mouse_move X Y         virtio-tablet 的位置，两个方向都是 0 到 32767
mouse_button STATE     它的按键：1 左、2 中、4 右，可相加；0 松开
balloon MIB            virtio-balloon 留给客户的内存
savevm FILE            保存机器
loadvm FILE            用保存的机器代替它
stop                   机器停住
cont                   继续运行
system_reset           复位
quit                   离开（也可用 Ctrl-A x；Ctrl-A c 回到客户）`,
    welcome: () => "监视器；help 列出命令，Ctrl-A c 回到客户",
    back: () => "回到客户",
    unknownCommand: (name) => `未知命令“${name}”；help 列出命令`,
    unknownInfo: (name) => `不认识 info“${name}”；help 列出命令`,
    usage: (line) => `用法：${line}`,
    noHart: (text, most) => `没有 hart“${text}”：0 到 ${most}`,
    noDevice: (name) => `机器没有 ${name}：--device ${name}`,
    noNetwork: () => "机器没有网络：--net user",
    noScreen: () => "客户还没有打开屏幕",
    unknownKey: (name) => `没有键“${name}”`,
    badFormat: (text) => `“${text}”不是格式：/个数，x d u c 或 i，以及 b h w 或 g`,
    badAddress: (text) => `“${text}”不是地址：十进制、0x… 或寄存器（例如 $pc）`,
    cannotRead: (address) => `无法读取 ${address} 处的内存`,
    badBalloon: (text, most) => `balloon：“${text}”不是 1 到 ${most} 之间的整数 MiB`,
    saved: (file) => `已保存到 ${file}`,
    loaded: (file) => `已从 ${file} 载入`,
    written: (file) => `已写入 ${file}`,
    running: () => "运行中",
    standing: () => "已停住（cont 继续）",
    status: (state, harts, instructions, seconds) =>
      `${state}，${harts} 个 hart，${instructions} 条指令，机器时间 ${seconds} 秒`,

    hart: (id, privilege) => `hart ${id} ${privilege} 模式`,
    noTranslation: () => "satp 为 bare：地址就是物理地址",
    more: () => "还有更多，未显示",
    ram: () => "内存",
    resident: () => "已使用",
    shared: () => "与分支共享",
    code: () => "已解码的代码页",
    balloon: () => "在气球中",
    guestEnd: () => "客户",
    otherEnd: () => "另一端",
    interrupt: (source) => `中断 ${source}`,
    emptySlot: () => "virtio-mmio（空）",
    slotStatus: (version, names) => `版本 ${version}，状态 ${names}`,
    untouched: () => "复位",
    features: (accepted, offered) => `特性 ${accepted}，提供 ${offered}`,
    queue: (index, size, most, state) =>
      `队列 ${index}：${size}，最大 ${most}，${{ ready: "使用中", enabled: "已设置", off: "未设置" }[state]}`,
    source: (source) => `中断源 ${source}`,
    priority: (priority) => `优先级 ${priority}`,
    pending: () => "等待中",
    inService: () => "处理中",
    threshold: (threshold) => `阈值 ${threshold}`,
    enabled: (sources) => `允许 ${sources}`,
    timers: (hart) => `hart ${hart} 定时器`,
  },
);
