import type { Location } from "../vfs/dentry.ts";
import { describe, isReadOnly, type Mount, MountFlag } from "../vfs/mount.ts";
import { toText } from "../vfs/names.ts";
import type { Vfs } from "../vfs/vfs.ts";

/** Blanks and backslashes as octal numbers (fstab(5)). */
const escaped = (text: string) =>
  text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);

function whereOf(mount: Mount): string {
  const top: Location = { mount, dentry: mount.root };
  return escaped(toText(describe(top)));
}

const OPTIONS: readonly [flag: number, option: string][] = [
  [MountFlag.noSetId, "nosuid"],
  [MountFlag.noDevices, "nodev"],
  [MountFlag.noPrograms, "noexec"],
];

function optionsOf(mount: Mount): string {
  const { flags, filesystem } = mount;
  const set = OPTIONS.filter(([flag]) => flags & flag).map(([, option]) => option);
  const isNoted = filesystem.keepsAccessTimes && !(flags & MountFlag.noAccessTimes);
  return [isReadOnly(mount) ? "ro" : "rw", ...set, isNoted ? "relatime" : "noatime"].join(",");
}

/** `/proc/PID/mounts` */
export function mounts({ mounts: all }: Vfs): string {
  return all
    .map((mount) => {
      const { source, name } = mount.filesystem;
      return `${escaped(source)} ${whereOf(mount)} ${name} ${optionsOf(mount)} 0 0\n`;
    })
    .join("");
}

/** `/proc/PID/mountinfo` (proc_pid_mountinfo(5)) */
export function mountinfo({ mounts: all }: Vfs): string {
  return all
    .map((mount) => {
      const { source, name, readOnly } = mount.filesystem;
      const above = mount.at?.mount.device ?? 0;
      const options = optionsOf(mount);
      return `${mount.device} ${above} 0:${mount.device} / ${whereOf(mount)} ${options} - ${name} ${escaped(source)} ${readOnly ? "ro" : "rw"}\n`;
    })
    .join("");
}
