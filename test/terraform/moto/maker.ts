import type { Aws } from "./requests.ts"
import type { View } from "./view.ts"

/** How a type of resource is made at an endpoint. */
export interface Maker {
  readonly make: (aws: Aws, resource: View) => Promise<unknown>
  /** Values that the endpoint chooses: what `make` answers has them under these names. */
  readonly chosen?: ReadonlyArray<string>
  /** Changes it. Without, it is made once more, which the services of such types take as a change. */
  readonly change?: (aws: Aws, resource: View, before: View) => Promise<unknown>
  /** Without, it ends with what it is a part of. */
  readonly remove?: (aws: Aws, resource: View) => Promise<unknown>
  /** Fails if it is not there. Without, it is where it was made. */
  readonly find?: (aws: Aws, resource: View) => Promise<unknown>
}
export type Makers = Readonly<Record<string, Maker>>
