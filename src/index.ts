/** The public API. Nothing else is imported from outside, `runikraft/testing` aside. */
export { setLocale } from "./messages/catalogue.ts";
export { RefusedError, UsageError, UserError } from "./messages/errors.ts";
