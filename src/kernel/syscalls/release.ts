/** The Linux whose system calls these are: programs look at it to choose among them. */
export const KERNEL_RELEASE = "6.12.0-runikraft";
export const KERNEL_VERSION = "#1 Runikraft";
