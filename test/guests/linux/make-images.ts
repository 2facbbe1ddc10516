import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { kernel, makeInitramfs, makeRootDisk } from "./images.ts";

/** `node tools/test-guests.js --linux-images FOLDER`: the images to boot by hand. */
const folder = process.argv[2] ?? ".";
mkdirSync(folder, { recursive: true });
copyFileSync(kernel, join(folder, "Image"));
makeInitramfs(join(folder, "initramfs.gz"));
makeRootDisk(join(folder, "root.ext4"));
process.stdout.write(`${folder}: Image, initramfs.gz, root.ext4\n`);
