import { describe, expect, it } from "vitest";
import { application } from "../applications.ts";

const FILES = ["--cwd", "/tmp"];

describe("openssl", () => {
  it("measures an algorithm for a second, by its timer's signal", () => {
    const { status, stdout, stderr } = application([
      "/usr/bin/openssl",
      ..."speed -elapsed -seconds 1 -bytes 1024 sha256".split(" "),
    ]);
    expect(status, stderr).toBe(0);
    const rounds = Number(
      /Doing sha256 ops for 1s on 1024 size blocks: (\d+) sha256 ops in [\d.]+s/.exec(stderr)?.[1],
    );
    expect(rounds).toBeGreaterThan(10);
    expect(stdout).toMatch(/^sha256 +\d+\.\d+k$/m);
  });

  it("makes an authority and a certificate that verifies against it, and against no other", () => {
    const text = `set -e
      key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
      openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=authority -days 10 2> /dev/null
      openssl req -x509 $key -keyout no.key -out no.pem -subj /CN=nobody -days 10 2> /dev/null
      openssl req $key -keyout me.key -out me.csr -subj /O=here/CN=me 2> /dev/null
      openssl x509 -req -in me.csr -CA ca.pem -CAkey ca.key -days 5 -out me.pem 2> /dev/null
      openssl verify -CAfile ca.pem me.pem ca.pem; openssl x509 -in me.pem -noout -subject -issuer
      openssl verify -CAfile no.pem me.pem 2> /dev/null || echo refused
      [ "$(openssl x509 -in me.pem -noout -pubkey)" = "$(openssl pkey -in me.key -pubout)" ] && echo same key`;
    const { stdout, stderr } = application(["/bin/sh", "-c", text], { options: FILES });
    expect(stdout + stderr).toBe(
      "me.pem: OK\nca.pem: OK\nsubject=O=here, CN=me\nissuer=CN=authority\nrefused\nsame key\n",
    );
  });

  it("signs, verifies, encrypts and decrypts, and knows the digests of the standards", () => {
    const text = `set -e; seq 10000 > text
      openssl genpkey -algorithm ed25519 -out key; openssl pkey -in key -pubout -out public
      openssl pkeyutl -sign -inkey key -rawin -in text -out signature
      openssl pkeyutl -verify -pubin -inkey public -rawin -in text -sigfile signature
      echo >> text; openssl pkeyutl -verify -pubin -inkey public -rawin -in text -sigfile signature 2> /dev/null || echo changed
      openssl enc -aes-256-gcm -k x -in text > /dev/null 2>&1 || echo no such mode
      openssl enc -aes-256-ctr -pbkdf2 -k secret -in text -out closed; cmp -s text closed || openssl enc -d -aes-256-ctr -pbkdf2 -k secret -in closed | cmp - text
      for name in md5 sha256 sha3-256; do printf abc | openssl dgst -r -$name | cut -c1-16; done`;
    const { stdout, stderr } = application(["/bin/sh", "-c", text], { options: FILES });
    expect(stdout + stderr).toBe(
      "Signature Verified Successfully\nSignature Verification Failure\nchanged\nno such mode\n900150983cd24fb0\nba7816bf8f01cfea\n3a985da74fe225b2\n",
    );
  });
});
