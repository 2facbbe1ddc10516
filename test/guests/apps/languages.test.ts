import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

function output(...args: string[]): string {
  const { status, stdout, stderr } = application(args, { options: ["--mem", "512M"] });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

describe("languages", () => {
  it("Lua: coroutines, closures, files and other programs", () => {
    const text = `local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
      print(co(), co(), co()); local t = setmetatable({}, { __index = function(_, k) return k .. "!" end }); print(t.x)
      local f = assert(io.open("/tmp/l", "w")); f:write(("%5.2f|%q"):format(math.pi, "a\\nb")); f:close()
      for line in io.lines("/tmp/l") do print(line) end; print(io.popen("echo piped"):read()); print(os.execute("exit 3"))
      print(#string.rep("x", 1 << 20), 2^53 | 0, 7 // 2, os.remove("/tmp/l"), (pcall(error, "e")))`;
    expect(output("/usr/bin/lua5.4", "-e", text)).toBe(
      '1\t4\t9\nx!\n 3.14|"a\\\nb"\npiped\nnil\texit\t3\n1048576\t9007199254740992\t3\ttrue\tfalse\n',
    );
  });

  it("Perl: expressions, fork, pipes, signals and local sockets", () => {
    const text = `use strict; use Socket; use POSIX qw(:sys_wait_h floor); $| = 1;
      my %count; $count{$_}++ for "the cat the dog" =~ /\\w+/g; print join(",", map { "$_=$count{$_}" } sort keys %count), "\\n";
      socketpair(my $near, my $far, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
      my $pid = fork // die; if (!$pid) { close $near; my $line = <$far>; print $far uc $line; exit 7 } close $far; $near->autoflush; print $near "through a socket\\n";
      print scalar <$near>; waitpid($pid, 0); print $? >> 8, "\\n";
      local $SIG{ALRM} = sub { die "alarm\\n" }; eval { alarm 1; select(undef, undef, undef, 20) ; }; print $@;
      open(my $p, "-|", "seq", "3") or die; print map { $_ * 2 . " " } <$p>; close $p; print floor(-1.5), " ", sprintf("%b", 10), "\\n";
      local $SIG{USR1} = sub { print "usr1\\n" }; kill USR1 => $$; print join(" ", sort { $a <=> $b } 10, 9, 100), "\\n"; system("exit 2;"); print $? >> 8, "\\n"`;
    expect(output("/usr/bin/perl", "-MIO::Handle", "-e", text)).toBe(
      "cat=1,dog=1,the=2\nTHROUGH A SOCKET\n7\nalarm\n2 4 6 -2 1010\nusr1\n9 10 100\n2\n",
    );
  });

  it("Ruby: threads, fork, pipes, local sockets and fibres", () => {
    const text = `require "socket"; require "timeout"; require "digest"
      queue = Queue.new; threads = 4.times.map { |i| Thread.new { 100.times { |n| queue << n * i } } }; threads.each(&:join)
      puts queue.size, queue.size.times.sum { queue.pop }
      server = UNIXServer.new("/tmp/s"); echo = Thread.new { c = server.accept; c.puts c.gets.reverse.strip; c.close }
      UNIXSocket.open("/tmp/s") { |c| c.puts "abc"; puts c.read }; echo.join
      r, w = IO.pipe; pid = fork { r.close; w.write "from a child"; w.close; exit! 5 }; w.close; puts r.read; Process.wait pid; puts $?.exitstatus
      begin; Timeout.timeout(0.3) { sleep }; rescue Timeout::Error; puts "timeout"; end
      trap("USR1") { puts "usr1" }; Process.kill "USR1", Process.pid; sleep 0.1; puts \`echo shell\`, Digest::SHA256.hexdigest("a")[0, 8], 2**100
      f = Fiber.new { Fiber.yield 1; 2 }; puts f.resume + f.resume; m = Mutex.new; n = 0; 8.times.map { Thread.new { 500.times { m.synchronize { n += 1 } } } }.each(&:join); puts n`;
    expect(output("/usr/bin/ruby", "-e", text)).toBe(
      "400\n29700\ncba\nfrom a child\n5\ntimeout\nusr1\nshell\nca978112\n1267650600228229401496703205376\n3\n4000\n",
    );
  });

  it("jq and bc compute", () => {
    const text = `seq 1000 | jq -s '{sum: add, odd: map(select(. % 2 == 1)) | length, text: ("a\\u00e9" | @json)}' -c
      echo '{"a":[{"b":1},{"b":2}]}' | jq -r '.a[] | "\\(.b)" + "x"'; echo '{' | jq . 2> /dev/null; echo $?
      printf 'scale=30; 4*a(1)\\ndefine f(n) { if (n < 2) return (1); return (n * f(n - 1)); }\\nf(25)\\n' | bc -l`;
    expect(output("/bin/bash", "-c", text)).toBe(
      '{"sum":500500,"odd":500,"text":"\\"aé\\""}\n1x\n2x\n5\n3.141592653589793238462643383276\n15511210043330985984000000\n',
    );
  });
});
