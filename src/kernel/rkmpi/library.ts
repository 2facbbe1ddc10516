import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { mailboxes } from "./mailbox.ts";
import { queuedMailboxes } from "./queued-mailbox.ts";

export const rkmpi: Library = {
  name: "rkmpi",
  summary: librarySummary.rkmpi,
  provides: [mailboxes],
  needs: [],
  start: (kernel) => kernel.provide(mailboxes, queuedMailboxes),
};
