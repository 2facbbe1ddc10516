import { Capability } from "../rkprocess/capabilities.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { fail } from "../vfs/error.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { SOL_SOCKET } from "./options.ts";
import type { UserCredentials } from "./socket.ts";

/** Kinds of control messages. */
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
/** Most descriptors in one message (SCM_MAX_FD). */
const MOST_FILES = 253;
/** Most bytes of control messages (net.core.optmem_max). */
const LONGEST_CONTROL = 131_072;
/** Bytes of a `struct cmsghdr`: 0 cmsg_len (header included), 8 cmsg_level, 12 cmsg_type; each begins at a multiple of 8. */
const HEADER = 16;

/** Ancillary data of a message (cmsg(3)). */
export interface Control {
  /** One hold on each. */
  readonly files: readonly OpenFile[];
  readonly credentials: UserCredentials | undefined;
}

/** Reads what `sendmsg` was given. What it throws leaves no hold on any file. */
export function readControl(thread: Thread, files: ProcessFiles, at: number, length: number): Control {
  if (length < 0 || length > LONGEST_CONTROL) fail("ENOBUFS");
  const bytes = thread.memory.read(at, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const held: OpenFile[] = [];
  let credentials: UserCredentials | undefined;
  for (let offset = 0; offset + HEADER <= length; ) {
    const size = Number(view.getBigUint64(offset, true));
    if (size < HEADER || size > length - offset) fail("EINVAL");
    if (view.getInt32(offset + 8, true) === SOL_SOCKET) {
      const type = view.getInt32(offset + 12, true);
      const data = new DataView(bytes.buffer, bytes.byteOffset + offset + HEADER, size - HEADER);
      if (type === SCM_RIGHTS) held.push(...readFiles(files, data));
      else if (type === SCM_CREDENTIALS) credentials = readCredentials(thread, data);
      else fail("EINVAL");
    }
    offset += Math.ceil(size / 8) * 8;
  }
  if (held.length > MOST_FILES) fail("EINVAL");
  for (const file of held) file.retain();
  return { files: held, credentials };
}

function readFiles(files: ProcessFiles, data: DataView): OpenFile[] {
  const count = Math.floor(data.byteLength / 4);
  if (count > MOST_FILES) fail("EINVAL");
  return Array.from({ length: count }, (_, i) => files.fds.get(data.getInt32(i * 4, true)).file);
}

/** Only with capabilities may a process say that it is somebody else (unix(7)). */
function readCredentials({ process }: Thread, data: DataView): UserCredentials {
  if (data.byteLength !== 12) fail("EINVAL");
  const said = {
    pid: data.getInt32(0, true),
    uid: data.getUint32(4, true),
    gid: data.getUint32(8, true),
  };
  const { credentials } = process;
  const { uid, euid, suid, gid, egid, sgid } = credentials;
  const isAllowed =
    (said.pid === process.pid || credentials.has(Capability.administrate)) &&
    ([uid, euid, suid].includes(said.uid) || credentials.has(Capability.setUsers)) &&
    ([gid, egid, sgid].includes(said.gid) || credentials.has(Capability.setGroups));
  if (!isAllowed) fail("EPERM");
  return said;
}

/** What `recvmsg` says of the control messages: bytes written, and whether some did not fit. */
interface Written {
  readonly length: number;
  readonly truncated: boolean;
}

/**
 * Writes control messages for `recvmsg` and makes descriptors of the files that come with them; what does not fit is
 * closed. Takes over one hold on each file.
 */
export function writeControl(
  thread: Thread,
  files: ProcessFiles,
  at: number,
  room: number,
  { files: passed, credentials }: Control,
  closeOnExec: boolean,
): Written {
  let length = 0;
  let truncated = false;
  const put = (type: number, data: Int32Array) => {
    const header = new DataView(new ArrayBuffer(HEADER));
    header.setBigUint64(0, BigInt(HEADER + data.byteLength), true);
    header.setInt32(8, SOL_SOCKET, true);
    header.setInt32(12, type, true);
    thread.memory.write(at + length, new Uint8Array(header.buffer));
    thread.memory.write(at + length + HEADER, new Uint8Array(data.buffer));
    length = Math.min(room, length + HEADER + Math.ceil(data.byteLength / 8) * 8);
  };
  if (credentials) {
    const { pid, uid, gid } = credentials;
    if (room >= HEADER + 12) put(SCM_CREDENTIALS, Int32Array.of(pid, uid, gid));
    else truncated = true;
  }
  const fit = Math.max(0, Math.min(passed.length, Math.floor((room - length - HEADER) / 4)));
  const fds: number[] = [];
  for (const [i, file] of passed.entries()) {
    const hasRoom = i < fit && fds.length === i && files.fds.hasRoom;
    if (hasRoom) fds.push(files.fds.add(file, closeOnExec));
    else file.release();
  }
  if (fds.length < passed.length) truncated = true;
  if (fds.length > 0) put(SCM_RIGHTS, Int32Array.from(fds));
  return { length, truncated };
}
