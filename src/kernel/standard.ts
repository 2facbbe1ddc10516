import type { Library } from "./library.ts";
import { posixFutex } from "./posix-futex/library.ts";
import { posixMmap } from "./posix-mmap/library.ts";
import { posixProcess } from "./posix-process/library.ts";
import { posixTime } from "./posix-time/library.ts";
import { rkallocbuddy } from "./rkallocbuddy/library.ts";
import { rkconsole } from "./rkconsole/library.ts";
import { rkprocess } from "./rkprocess/library.ts";
import { rkschedcoop } from "./rkschedcoop/library.ts";
import { rksignal } from "./rksignal/library.ts";
import { rkswrand } from "./rkswrand/library.ts";
import { rksyscall } from "./rksyscall/library.ts";
import { rktime } from "./rktime/library.ts";
import { rkvm } from "./rkvm/library.ts";

/** What every hosted program is linked with, beside its platform and its files. */
export function coreLibraries(options: { readonly allowWx: boolean }): Library[] {
  return [
    rkallocbuddy,
    rkschedcoop,
    rkswrand,
    rktime,
    rkvm(options.allowWx),
    rkprocess,
    rksignal,
    rksyscall,
    rkconsole,
    posixProcess,
    posixMmap,
    posixTime,
    posixFutex,
  ];
}
