import { catalogue } from "./catalogue.ts";

/** Making a root of Debian packages. */
export const rootText = catalogue(
  {
    summary: () => "make a directory of Debian packages that programs can run from",
    addSummary: () => "add packages and what they depend on",
    addDescription: () =>
      "Adds Debian packages for riscv64, and all that they depend on, to a directory, with the apt-get and dpkg-deb of this machine; no rights are needed. The packages' scripts are not run.",
    listSummary: () => "list the packages in a directory",
    directory: () => "the root: a new or empty directory, or one that this command made",
    packages: () => "names of Debian packages",
    optionSuite: () => "the Debian release (default: the root's own, or trixie)",
    optionMirror: () => "the address of a Debian mirror (default: the one that this machine's apt uses)",
    optionRecommends: () => "add what the packages recommend, too",
    columnPackage: () => "package",
    columnVersion: () => "version",
    columnSize: () => "installed size",
    total: (count: number, size: string) => `${count} packages, ${size}`,

    updating: () => "fetching the lists of packages",
    resolving: () => "working out what is needed",
    downloading: (count: number) => `fetching what is not in the cache of ${count} packages`,
    unpacking: (count: number) => `unpacking ${count} packages`,
    added: (count: number, path: string) => `added ${count} packages to ${path}`,
    nothingToAdd: (path: string) => `all of that is in ${path} already`,
    oldLists: (why: string) => `${why}; going on with older lists`,

    unknownAction: (name: string) => `"runikraft root" has no action "${name}" (add, list)`,
    badName: (name: string) => `"${name}" is no name of a Debian package`,
    badSuite: (name: string) => `--suite: "${name}" is no name of a Debian release`,
    badMirror: (text: string) => `--mirror: "${text}" is no http, https or file address`,
    notOurs: (path: string) => `${path} is not empty, and not a root that "runikraft root add" made`,
    noRoot: (path: string) => `there is no root in ${path}; "runikraft root add" makes one`,
    noTool: (name: string) =>
      `the program ${name} is missing; it comes with Debian, Ubuntu and others like them`,
    toolFailed: (name: string, why: string) => `${name} failed: ${why.replace(/^\S*dpkg-deb: error: /, "")}`,
    noKeyring: (file: string) =>
      `${file} is missing, so Debian's lists cannot be trusted; install the package debian-archive-keyring`,
    noMirror: () => "the apt of this machine names no Debian mirror; name one with --mirror",
    cannotUpdate: (suite: string, mirror: string, why: string) =>
      `cannot fetch the lists of ${suite} from ${mirror}: ${why}`,
    cannotDownload: (mirror: string, why: string) => `cannot fetch packages from ${mirror}: ${why}`,
    unknownPackage: (name: string, suite: string, providers: string) =>
      `${suite} has no package ${name} for riscv64${providers === "" ? "" : `; these stand in for it: ${providers}`}`,
    cannotPlan: (why: string, details: string) =>
      `these packages do not go together: ${why}${details === "" ? "" : `\n${details}`}`,
    inTheWay: (names: string) => `that is in conflict with what is there: ${names}`,
    brokenPackage: (file: string) => `${file} is no Debian package`,
    brokenTar: () => "the package's archive is broken",
    strangeMember: (path: string) => `the package has a member of an unknown kind: ${path}`,
    badPath: (path: string) => `${path} leads nowhere in the root`,
  },
  {
    summary: () => "用 Debian 软件包做一个可以从中运行程序的目录",
    addSummary: () => "添加软件包及其依赖",
    addDescription: () =>
      "用本机的 apt-get 和 dpkg-deb 把 riscv64 的 Debian 软件包及其全部依赖放进一个目录；不需要特权。不运行软件包的脚本。",
    listSummary: () => "列出目录中的软件包",
    directory: () => "根目录：新的或空的目录，或由本命令创建的目录",
    packages: () => "Debian 软件包的名字",
    optionSuite: () => "Debian 发行版（默认：该根目录自己的，否则为 trixie）",
    optionMirror: () => "Debian 镜像的地址（默认：本机 apt 所用的镜像）",
    optionRecommends: () => "也添加软件包所推荐的软件包",
    columnPackage: () => "软件包",
    columnVersion: () => "版本",
    columnSize: () => "安装大小",
    total: (count, size) => `${count} 个软件包，${size}`,

    updating: () => "正在获取软件包列表",
    resolving: () => "正在计算需要什么",
    downloading: (count) => `正在获取 ${count} 个软件包中缓存里没有的`,
    unpacking: (count) => `正在解包 ${count} 个软件包`,
    added: (count, path) => `已把 ${count} 个软件包加入 ${path}`,
    nothingToAdd: (path) => `${path} 中已经都有了`,
    oldLists: (why) => `${why}；改用较旧的列表继续`,

    unknownAction: (name) => `“runikraft root”没有操作“${name}”（add、list）`,
    badName: (name) => `“${name}”不是 Debian 软件包的名字`,
    badSuite: (name) => `--suite：“${name}”不是 Debian 发行版的名字`,
    badMirror: (text) => `--mirror：“${text}”不是 http、https 或 file 地址`,
    notOurs: (path) => `${path} 不是空的，也不是“runikraft root add”创建的根目录`,
    noRoot: (path) => `${path} 中没有根目录；可用“runikraft root add”创建`,
    noTool: (name) => `缺少程序 ${name}；Debian、Ubuntu 等系统自带它`,
    toolFailed: (name, why) => `${name} 失败：${why.replace(/^\S*dpkg-deb: error: /, "")}`,
    noKeyring: (file) => `缺少 ${file}，无法信任 Debian 的列表；请安装软件包 debian-archive-keyring`,
    noMirror: () => "本机的 apt 没有指明 Debian 镜像；请用 --mirror 指定一个",
    cannotUpdate: (suite, mirror, why) => `无法从 ${mirror} 获取 ${suite} 的列表：${why}`,
    cannotDownload: (mirror, why) => `无法从 ${mirror} 获取软件包：${why}`,
    unknownPackage: (name, suite, providers) =>
      `${suite} 没有 riscv64 的软件包 ${name}${providers === "" ? "" : `；可用这些代替：${providers}`}`,
    cannotPlan: (why, details) => `这些软件包不能放在一起：${why}${details === "" ? "" : `\n${details}`}`,
    inTheWay: (names) => `与已有的软件包冲突：${names}`,
    brokenPackage: (file) => `${file} 不是 Debian 软件包`,
    brokenTar: () => "软件包的归档已损坏",
    strangeMember: (path) => `软件包中有一个未知类型的成员：${path}`,
    badPath: (path) => `${path} 在根目录中无处可去`,
  },
);
