import { expect, test } from "vitest";
import type { Thread } from "../rkprocess/thread.ts";
import { O, POLL } from "../vfs/flags.ts";
import { failure } from "../vfs/tree-fixture.ts";
import type { MessageQueue } from "./message-queue.ts";
import { DEFAULT_SIZE, MessageQueues } from "./queues.ts";

const ROOT = { uid: 0, gid: 0 };
const LIMIT = 819_200;
const sender = { process: {} } as unknown as Thread;
const create = (queues: MessageQueues, name: string, size = DEFAULT_SIZE, limit = LIMIT) =>
  queues.create(name, size, 0o600, ROOT, limit, 0n);
const send = (queue: MessageQueue, text: string, priority = 0) =>
  queue.send(Buffer.from(text), priority, sender);

function receive(queue: MessageQueue): string {
  let text = "";
  queue.receive(({ content, priority }) => {
    text = `${priority} ${Buffer.from(content)}`;
  });
  return text;
}

test("the most urgent message comes first, and of those the oldest", () => {
  const queue = create(new MessageQueues(), "q");
  send(queue, "a", 1);
  send(queue, "b", 7);
  send(queue, "c", 1);
  send(queue, "d", 7);
  expect(queue.contentBytes).toBe(4);
  expect([1, 2, 3, 4].map(() => receive(queue))).toEqual(["7 b", "7 d", "1 a", "1 c"]);
  expect(failure(() => receive(queue))).toBe("EAGAIN");
  expect(queue.contentBytes).toBe(0);
});

test("a queue is full at its size", () => {
  const queue = create(new MessageQueues(), "q", { most: 2, messageSize: 10 });
  expect(queue.poll()).toBe(POLL.OUT | POLL.WRNORM);
  send(queue, "a");
  send(queue, "b");
  expect(failure(() => send(queue, "c"))).toBe("EAGAIN");
  expect(queue.poll()).toBe(POLL.IN | POLL.RDNORM);
});

test("a message that nobody could be given stays", () => {
  const queue = create(new MessageQueues(), "q");
  send(queue, "a");
  const fault = () => {
    throw new Error("fault");
  };
  expect(() => queue.receive(fault)).toThrow("fault");
  expect(receive(queue)).toBe("0 a");
});

test("one is told once, of a message into an empty queue at which nobody waits", () => {
  const queue = create(new MessageQueues(), "q");
  let told = 0;
  const registration = { owner: {}, notify: () => void told++ };
  send(queue, "before");
  queue.registration = registration;
  send(queue, "not the first");
  expect(told).toBe(0);
  receive(queue);
  receive(queue);
  const stop = queue.receivers.add(() => {});
  send(queue, "somebody waits");
  expect(told).toBe(0);
  stop();
  receive(queue);
  send(queue, "first");
  receive(queue);
  send(queue, "again");
  expect(told).toBe(1);
});

test("a registration goes with its process, or with the description it was made through", () => {
  const queues = new MessageQueues();
  const queue = create(queues, "q");
  const file = queues.open(queue, O.RDWR);
  const owner = {};
  queue.registration = { owner };
  queues.forget({});
  expect(queue.registration).toBeDefined();
  queues.forget(owner);
  expect(queue.registration).toBeUndefined();
  file.registration = { owner };
  queue.registration = file.registration;
  file.release();
  expect(queue.registration).toBeUndefined();
});

test("names", () => {
  const queues = new MessageQueues();
  const of = (name: string) => failure(() => queues.find(name));
  expect([of(""), of("."), of(".."), of("a/b"), of("x".repeat(256))]).toEqual([
    "ENOENT",
    "EACCES",
    "EACCES",
    "EACCES",
    "ENAMETOOLONG",
  ]);
  expect(queues.find("none")).toBeUndefined();
  expect(failure(() => queues.unlink("none"))).toBe("ENOENT");
});

test("queues count against the limit until they are unlinked and closed", () => {
  const queues = new MessageQueues();
  // Each of the default size counts 82880 bytes (getrlimit(2)): nine fit.
  for (let i = 0; i < 9; i++) create(queues, `q${i}`);
  expect(failure(() => create(queues, "one more"))).toBe("EMFILE");
  const file = queues.open(queues.find("q0")!, O.RDONLY);
  queues.unlink("q0");
  expect(queues.find("q0")).toBeUndefined();
  expect(failure(() => create(queues, "one more"))).toBe("EMFILE");
  file.release();
  create(queues, "one more");
});

test("sizes are bounded, whatever the limit", () => {
  const queues = new MessageQueues();
  const of = (most: number, messageSize: number) =>
    failure(() => create(queues, "q", { most, messageSize }, Number.POSITIVE_INFINITY));
  expect([of(0, 1), of(1, 0), of(-1, 1), of(65_537, 1), of(1, 2 ** 24 + 1)]).toEqual(Array(5).fill("EINVAL"));
  expect(of(65_536, 8192)).toBe("EMFILE");
});

test("shows permissions and owner", () => {
  const queues = new MessageQueues();
  const file = queues.open(create(queues, "q"), O.RDWR | O.NONBLOCK);
  file.setAttributes({ mode: 0o640, uid: 7 });
  expect(file.attributes()).toMatchObject({ mode: 0o100640, uid: 7, gid: 0, size: 80 });
  expect(file.flags).toBe(O.RDWR | O.NONBLOCK);
});

test("tells of itself what is read from it", () => {
  const queues = new MessageQueues();
  const queue = create(queues, "q");
  const file = queues.open(queue, O.RDONLY);
  const read = (length: number) => {
    const into = new Uint8Array(length);
    return Buffer.from(into.subarray(0, file.read(into))).toString();
  };
  expect(read(100)).toBe("QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
  expect(read(100)).toBe("");
  send(queue, "four");
  send(queue, "three");
  queue.registration = { owner: {}, request: { how: 0, signal: 10, pid: 123 } };
  expect(file.seek(-80, 2)).toBe(0);
  expect(read(8) + read(100)).toBe("QSIZE:9          NOTIFY:0     SIGNO:10    NOTIFY_PID:123   \n");
  expect([failure(() => file.seek(-1, 0)), failure(() => file.seek(0, 3))]).toEqual(["EINVAL", "EINVAL"]);
});
