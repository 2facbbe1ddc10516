/** Why Runikraft differs from Linux in a case: by area and name. An entry whose case agrees fails the tests. */

const PERMISSIONS = "permissions of files are not checked for users other than root";

export const differences: Readonly<Record<string, string>> = {
  "files seek":
    "files end at 2^43 bytes, and no place past that can be sought, as on a filesystem whose files end there",
  "files allocate_other_modes": "FALLOC_FL_ZERO_RANGE works, as on ext4; tmpfs has none",
  "names renaming_files": "renaming the root is EBUSY: it is not on another filesystem than the directory",
  "names special_nodes": "device nodes can be made, but lead to no device",
  "names open_resolving": "openat2 resolves in the usual way alone",
  "names change_root": "getcwd outside of the root does not say so",
  "attributes statx_fields": "files have no time of birth",
  "attributes change_mode": "fchmodat2 is not there",
  "attributes set_id_lost_by_writing": "set-id bits are not lost by writing",
  "attributes inherited_group": "set-group-id is not lost where the caller is not of the group",
  "attributes permission_of_files": PERMISSIONS,
  "attributes permission_of_directories": PERMISSIONS,
  "attributes sticky_directory": PERMISSIONS,
  "attributes access_by_real_user": PERMISSIONS,
  "attributes times_of_files": PERMISSIONS,
  "attributes what_moves_times": "reading does not move the time of access",
  "attributes extended_attributes": "an attribute with an empty name is EOPNOTSUPP",
  "memory map_arguments": "an address space of 2^38 bytes, whose lowest pages are nobody's, not even root's",
  "memory past_end_of_file":
    "a file that becomes longer shows zeros, as POSIX wants it; tmpfs shows what was stored behind its end",
  "exec exec_name": "AT_EXECFN of a script names its interpreter",
  "exec exec_script_limits": "the first line of a script is not cut at 255 bytes",
  "exec exec_busy_text": "a program that runs can be written to",
  "exec exec_set_id": "AT_SECURE and the ids beside it are those from before the set-id program",
  "exec exec_permissions": PERMISSIONS,
  "exec exec_descriptor": "an unknown flag is EINVAL before the empty path is looked at",
};
