/** Signals that end this process by default, by which users and hosts ask it to. */
export const ENDING = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const;
export type EndingSignal = (typeof ENDING)[number];

/** Calls `act` in place of ending, until the function that it returns is called. */
export function onEndingSignal(act: (name: EndingSignal) => void): () => void {
  const handlers = ENDING.map((name) => ({ name, handle: () => act(name) }));
  for (const { name, handle } of handlers) process.on(name, handle);
  return () => {
    for (const { name, handle } of handlers) process.off(name, handle);
  };
}

/** Ends this process by a signal that nobody handles any more, so that whoever started it sees how it ended. */
export function endBy(name: EndingSignal): void {
  process.kill(process.pid, name);
}
