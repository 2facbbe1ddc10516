import { expect, test } from "vitest";
import { ALL_CAPABILITIES, Capability, FILE_CAPABILITIES, NO_CAPABILITIES } from "./capabilities.ts";
import { credentialsFor, ROOT, SecureBit } from "./credentials.ts";

test("root's capabilities go with its last id, effective ones with the effective id", () => {
  const lowered = ROOT.withUserIds(0, 1000, 0);
  expect([lowered.permitted, lowered.effective]).toEqual([ALL_CAPABILITIES, NO_CAPABILITIES]);
  expect(lowered.ownsEveryFile).toBe(false);
  expect(lowered.withUserIds(0, 0, 0).effective).toBe(ALL_CAPABILITIES);
  const gone = lowered.withUserIds(1000, 1000, 1000);
  expect([gone.permitted, gone.fsuid]).toEqual([NO_CAPABILITIES, 1000]);
  expect(gone.withUserIds(0, 0, 0).permitted).toBe(NO_CAPABILITIES);
});

test("they can be kept, permitted or whole", () => {
  const keeping = ROOT.with({ secureBits: SecureBit.keepCapabilities, ambient: 1n });
  const kept = keeping.withUserIds(1, 1, 1);
  expect([kept.permitted, kept.effective, kept.ambient]).toEqual([
    ALL_CAPABILITIES,
    NO_CAPABILITIES,
    NO_CAPABILITIES,
  ]);
  const fixed = ROOT.with({ secureBits: SecureBit.noSetuidFixup }).withUserIds(1, 1, 1);
  expect(fixed.effective).toBe(ALL_CAPABILITIES);
});

test("those for files go and come with the user for files", () => {
  const asUser = ROOT.withFileUser(1000);
  expect(asUser.effective).toBe(ALL_CAPABILITIES & ~FILE_CAPABILITIES);
  expect([asUser.has(Capability.overrideFiles), asUser.has(Capability.kill)]).toEqual([false, true]);
  expect(asUser.withFileUser(0).effective).toBe(ALL_CAPABILITIES);
});

test("the real user has what it would have without the program", () => {
  const program = credentialsFor(1000, 1000).with({ euid: 0, fsuid: 0, effective: ALL_CAPABILITIES });
  const real = program.asRealUser();
  expect([real.fsuid, real.ownsEveryFile, program.ownsEveryFile]).toEqual([1000, false, true]);
});
