import { type Api, api } from "../library.ts";

/** The kernel's random numbers. */
export interface Random {
  /** Fills `into` with random bytes. */
  fill(into: Uint8Array): void;
}

export const random: Api<Random> = api("rkswrand");
