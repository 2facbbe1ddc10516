import { expect, it } from "vitest";
import { type Alternative, alternativesOf, chosen } from "./alternatives.ts";

it("are read from a script, with what goes along", () => {
  const script = `#!/bin/sh
if [ "$1" = configure ]; then
	update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/gawk 10 \\
	  --slave /usr/share/man/man1/awk.1.gz awk.1.gz \\
	    /usr/share/man/man1/gawk.1.gz \\
	  --slave "/usr/bin/nawk" nawk '/usr/bin/gawk'; echo done
fi
# update-alternatives --install /usr/bin/no no /usr/bin/comment 1
update-alternatives --remove old /usr/bin/old
update-alternatives --install /usr/bin/lzma lzma /usr/bin/xz 20 $(
	slave /usr/bin unlzma unxz
)
update-alternatives --install "/usr/bin/$name" $name /usr/bin/x 5
`;
  expect(alternativesOf(script)).toEqual([
    {
      link: "/usr/bin/awk",
      name: "awk",
      target: "/usr/bin/gawk",
      priority: 10,
      slaves: [
        {
          link: "/usr/share/man/man1/awk.1.gz",
          name: "awk.1.gz",
          target: "/usr/share/man/man1/gawk.1.gz",
        },
        { link: "/usr/bin/nawk", name: "nawk", target: "/usr/bin/gawk" },
      ],
    },
    { link: "/usr/bin/lzma", name: "lzma", target: "/usr/bin/xz", priority: 20, slaves: [] },
  ]);
});

it("are chosen by priority among the programs that are there", () => {
  const one = (target: string, priority: number): Alternative => ({
    link: "/usr/bin/awk",
    name: "awk",
    target,
    priority,
    slaves: [],
  });
  const all = [one("/usr/bin/mawk", 5), one("/usr/bin/gawk", 10), one("/usr/bin/busy", 10)];
  const targets = (isThere: (path: string) => boolean) => chosen(all, isThere).map(({ target }) => target);
  expect(targets(() => true)).toEqual(["/usr/bin/gawk"]);
  expect(targets((path) => path === "/usr/bin/mawk")).toEqual(["/usr/bin/mawk"]);
  expect(targets(() => false)).toEqual([]);
});
