import { type Api, api } from "../library.ts";

/** What `uname` calls the machine. */
export interface HostNames {
  host: string;
  domain: string;
}

export const hostNames: Api<HostNames> = api("host-names");
