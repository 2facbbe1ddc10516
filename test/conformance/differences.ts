/** Why Runikraft differs from Linux in a case: by area and name. An entry whose case agrees fails the tests. */

export const differences: Readonly<Record<string, string>> = {
  "files seek":
    "files end at 2^43 bytes, and no place past that can be sought, as on a filesystem whose files end there",
  "files allocate_other_modes": "FALLOC_FL_ZERO_RANGE works, as on ext4; tmpfs has none",
  "memory map_arguments": "an address space of 2^38 bytes, whose lowest pages are nobody's, not even root's",
  "memory past_end_of_file":
    "a file that becomes longer shows zeros, as POSIX wants it; tmpfs shows what was stored behind its end",
};
