import type { Termios } from "../vfs/structs.ts";

/** Bits of a terminal's settings (asm-generic/termbits.h). */
export const Iflag = {
  ISTRIP: 0o40,
  INLCR: 0o100,
  IGNCR: 0o200,
  ICRNL: 0o400,
  IXON: 0o2000,
  IXANY: 0o4000,
  IMAXBEL: 0o20000,
  IUTF8: 0o40000,
} as const;
export const Oflag = { OPOST: 1, ONLCR: 4, OCRNL: 0o10, ONOCR: 0o20, ONLRET: 0o40, XTABS: 0o14000 } as const;
export const Lflag = {
  ISIG: 1,
  ICANON: 2,
  ECHO: 0o10,
  ECHOE: 0o20,
  ECHOK: 0o40,
  ECHONL: 0o100,
  NOFLSH: 0o200,
  TOSTOP: 0o400,
  ECHOCTL: 0o1000,
  ECHOKE: 0o4000,
  IEXTEN: 0o100000,
} as const;
const B38400 = 0o17;
const CS8 = 0o60;
const CREAD = 0o200;
const HUPCL = 0o2000;

/** Places of the control characters. */
export const Cc = {
  INTR: 0,
  QUIT: 1,
  ERASE: 2,
  KILL: 3,
  EOF: 4,
  TIME: 5,
  MIN: 6,
  START: 8,
  STOP: 9,
  SUSP: 10,
  EOL: 11,
  REPRINT: 12,
  WERASE: 14,
  LNEXT: 15,
  EOL2: 16,
} as const;

/** Stands for "no such character" in the control characters. */
export const DISABLED = 0;

/** What a new pseudoterminal has: its other end is a program, which is no line to hang up (drivers/tty/pty.c). */
export function pseudoterminalTermios(): Termios {
  const usual = initialTermios();
  return { ...usual, iflag: usual.iflag & ~Iflag.IUTF8, cflag: usual.cflag & ~HUPCL };
}

/** What a new Linux terminal has (`tty_std_termios`), in UTF-8. */
export function initialTermios(): Termios {
  const control = (letter: string) => letter.charCodeAt(0) & 0x1f;
  const cc = new Uint8Array(19);
  cc[Cc.INTR] = control("C");
  cc[Cc.QUIT] = control("\\");
  cc[Cc.ERASE] = 0x7f;
  cc[Cc.KILL] = control("U");
  cc[Cc.EOF] = control("D");
  cc[Cc.MIN] = 1;
  cc[Cc.START] = control("Q");
  cc[Cc.STOP] = control("S");
  cc[Cc.SUSP] = control("Z");
  cc[Cc.REPRINT] = control("R");
  cc[Cc.WERASE] = control("W");
  cc[Cc.LNEXT] = control("V");
  return {
    iflag: Iflag.ICRNL | Iflag.IXON | Iflag.IUTF8,
    oflag: Oflag.OPOST | Oflag.ONLCR,
    cflag: B38400 | CS8 | CREAD | HUPCL,
    lflag:
      Lflag.ISIG |
      Lflag.ICANON |
      Lflag.ECHO |
      Lflag.ECHOE |
      Lflag.ECHOK |
      Lflag.ECHOCTL |
      Lflag.ECHOKE |
      Lflag.IEXTEN,
    line: 0,
    cc,
    ispeed: 38400,
    ospeed: 38400,
  };
}
