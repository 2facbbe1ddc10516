import { KEY_CODES, type Key } from "../../devices/virtio/input-keys.ts";

/** QEMU's names for keys (`sendkey`) where they differ from Linux's. */
const QEMU_NAMES: Readonly<Record<string, Key>> = {
  ctrl: "leftctrl",
  ctrl_r: "rightctrl",
  shift: "leftshift",
  shift_r: "rightshift",
  alt: "leftalt",
  alt_r: "rightalt",
  meta_l: "leftmeta",
  meta_r: "rightmeta",
  ret: "enter",
  spc: "space",
  bracket_left: "leftbrace",
  bracket_right: "rightbrace",
  grave_accent: "grave",
  less: "102nd",
  caps_lock: "capslock",
  num_lock: "numlock",
  scroll_lock: "scrolllock",
  print: "sysrq",
  pgup: "pageup",
  pgdn: "pagedown",
  kp_enter: "kpenter",
  kp_add: "kpplus",
  kp_subtract: "kpminus",
  kp_multiply: "kpasterisk",
  kp_divide: "kpslash",
  kp_decimal: "kpdot",
  ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`kp_${i}`, `kp${i}` as Key])),
};

/** Keys to be held together, as in `ctrl-alt-delete`; the name that is none where there is one. */
export function keysNamed(text: string): Key[] | { readonly unknown: string } {
  const keys: Key[] = [];
  for (const name of text.split("-")) {
    const key = Object.hasOwn(QEMU_NAMES, name) ? QEMU_NAMES[name] : name;
    if (!Object.hasOwn(KEY_CODES, key)) return { unknown: name };
    keys.push(key as Key);
  }
  return keys;
}
