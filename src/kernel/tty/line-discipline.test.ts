import { beforeEach, expect, test } from "vitest";
import { LineDiscipline, type TerminalSignal } from "./line-discipline.ts";
import { Cc, Iflag, initialTermios, Lflag, Oflag } from "./termios.ts";

let screen: string;
let signals: TerminalSignal[];
let flow: boolean[];
let line: LineDiscipline;

beforeEach(() => {
  screen = "";
  signals = [];
  flow = [];
  line = new LineDiscipline({
    echo: (bytes) => {
      screen += Buffer.from(bytes).toString("latin1");
    },
    signal: (name) => signals.push(name),
    flow: (stopped) => flow.push(stopped),
  });
});

const type = (text: string) => line.input(Buffer.from(text));
const take = (count = 100) => Buffer.from(line.take(count)).toString();
const set = (change: Partial<ReturnType<typeof initialTermios>>) =>
  line.configure({ ...line.termios, cc: line.termios.cc.slice(), ...change });
const ctrl = (letter: string) => String.fromCharCode(letter.charCodeAt(0) & 0x1f);
/** What is to be seen where backspaces move the cursor. */
function seen(): string {
  const cells: string[] = [];
  let at = 0;
  for (const c of screen) {
    if (c === "\b") at--;
    else cells[at++] = c;
  }
  return cells.join("").trimEnd();
}

test("gives out one line at a time, once it has ended", () => {
  type("hel");
  expect(line.readable).toBe(false);
  type("lo\rnext\n");
  expect(screen).toBe("hello\r\nnext\r\n");
  expect(take(3)).toBe("hel");
  expect(take()).toBe("lo\n");
  expect(take()).toBe("next\n");
  expect(line.readable).toBe(false);
});

test("edits the line", () => {
  type("abcX\x7fd");
  expect(seen()).toBe("abcd");
  type(` word two  ${ctrl("W")}`);
  expect(seen()).toBe("abcd word");
  type(`${ctrl("U")}`);
  expect(seen()).toBe("");
  type("end\n");
  expect(take()).toBe("end\n");
});

test("takes tabs, control characters and UTF-8 off the screen as wide as they are", () => {
  type("a\t\x7f");
  expect(screen).toBe(`a\t${"\b".repeat(7)}`);
  screen = "";
  type(`${ctrl("A")}\x7f`);
  expect(screen).toBe("^A\b \b\b \b");
  screen = "";
  type("é\x7f\x7f\x7f");
  expect(screen).toBe("Ã©\b \b\b \b");
  type("ok\n");
  expect(take()).toBe("ok\n");
});

test("shows what it cannot take off the screen as Linux does", () => {
  const without = (...flags: number[]) => {
    screen = "";
    set({ lflag: flags.reduce((all, flag) => all & ~flag, initialTermios().lflag) });
  };
  without(Lflag.ECHOE);
  type(`ab\x7f${ctrl("W")}`);
  expect(screen).toBe("ab^?\b \b");
  without(Lflag.ECHOKE);
  type(`ab${ctrl("U")}${ctrl("U")}`);
  expect(screen).toBe("ab^U\r\n");
  without(Lflag.ICANON);
  type("a\r\n");
  expect(screen).toBe("a\r\n^J");
  line.flush();
  without(Lflag.ECHO);
  type(ctrl("R"));
  type("\n");
  expect(screen).toBe("");
  expect(take()).toBe(`${ctrl("R")}\n`);
});

test("ends input at Ctrl-D", () => {
  type(`part${ctrl("D")}`);
  expect(take()).toBe("part");
  type(ctrl("D"));
  expect(line.readable).toBe(true);
  expect(take()).toBe("");
  expect(line.readable).toBe(false);
});

test("sends signals and forgets what was typed", () => {
  type(`gone${ctrl("C")}${ctrl("\\")}${ctrl("Z")}x\n`);
  expect(signals).toEqual(["SIGINT", "SIGQUIT", "SIGTSTP"]);
  expect(screen).toBe("gone^C^\\^Zx\r\n");
  expect(take()).toBe("x\n");
  set({ lflag: line.termios.lflag | Lflag.NOFLSH });
  type(`kept${ctrl("C")}\n`);
  expect(take()).toBe("kept\n");
});

test("takes the next character literally after Ctrl-V", () => {
  type(`${ctrl("V")}${ctrl("C")}${ctrl("V")}\x7f\n`);
  expect(signals).toEqual([]);
  expect(take()).toBe("\x03\x7f\n");
});

test("stops and starts output", () => {
  type(ctrl("S"));
  type(ctrl("Q"));
  expect(flow).toEqual([true, false]);
  type(ctrl("S"));
  set({ iflag: 0 });
  expect(flow).toEqual([true, false, true, false]);
});

test("raw mode gives every byte at once and echoes nothing", () => {
  set({ iflag: 0, lflag: 0 });
  type(`a\r${ctrl("C")}${ctrl("D")}\x7f`);
  expect(take(2)).toBe("a\r");
  expect(take()).toBe("\x03\x04\x7f");
  expect(screen).toBe("");
  expect(signals).toEqual([]);
});

test("changing modes keeps what was typed", () => {
  type("one\npart");
  set({ lflag: line.termios.lflag & ~Lflag.ICANON });
  expect(take()).toBe("one\npart");
  type("raw");
  set({ lflag: line.termios.lflag | Lflag.ICANON });
  expect(line.readable).toBe(true);
  expect(take()).toBe("raw");
});

test("maps carriage returns and line feeds as told", () => {
  set({ iflag: Iflag.IGNCR });
  type("a\r\n");
  expect(take()).toBe("a\n");
  set({ iflag: Iflag.INLCR | Iflag.ISTRIP, cc: line.termios.cc.with(Cc.EOL, 13) });
  type("\u00e1\n");
  expect(take()).toBe("C!\r");
});

test("a line or a queue that nobody reads stays bounded, and its line can still be ended", () => {
  for (let i = 0; i < 10; i++) type("x".repeat(1000));
  type("\n");
  expect(take(100_000).length).toBe(4096);
  set({ lflag: 0 });
  for (let i = 0; i < 10; i++) type("y".repeat(1000));
  expect(line.available).toBe(4096);
  expect(line.room).toBe(0);
});

test("output is processed", () => {
  const out = (text: string, oflag: number) =>
    Buffer.from(line.output.process(Buffer.from(text), { ...initialTermios(), oflag })).toString();
  expect(out("a\nb", Oflag.OPOST | Oflag.ONLCR)).toBe("a\r\nb");
  expect(out("a\nb", 0)).toBe("a\nb");
  expect(out("\r\t|", Oflag.OPOST | Oflag.XTABS)).toBe("\r        |");
  expect(out("\rab\rc", Oflag.OPOST | Oflag.OCRNL)).toBe("\nab\nc");
});
