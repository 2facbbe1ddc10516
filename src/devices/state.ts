/**
 * What is saved of a device: plain data, from which `restore` on a fresh device of the same make gives the same
 * device. Declare it as a type alias (an interface is not assignable to it).
 */
export type State =
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly State[]
  | { readonly [name: string]: State };

/**
 * Something with state that a saved machine contains. Both are called between two slices of the machine with no host
 * work under way, so what is in flight needs no saving. `restore` drives no interrupt line and calls nobody back:
 * the interrupt controllers restore their own inputs.
 */
export interface Stateful<S extends State = State> {
  save(): S;
  restore(state: S): void;
}
