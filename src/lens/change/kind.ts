import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Intervention } from './intervention.js';
import type { JsonFields } from './json-fields.js';
import type { Choice } from './places.js';

/** Packs an array into JSON. */
export type PackArray = (array: HostArray) => unknown;

/** One kind of intervention, everything about it. A new kind is a file and a line in `kinds.ts`. */
export interface Kind<I extends Intervention> {
  /** One sentence for lists. */
  readonly doc: string;
  /**
   * What a program is fed for it at a site, by name: of the site's rank, each axis whole or 1; inputs, so that a program serves
   * other numbers too.
   * @throws shape: arrays that do not fit the choice
   */
  arrays(intervention: I, choice: Choice, where: string): Readonly<Record<string, HostArray>>;
  /** The new value; where less than all is chosen, it counts there only. */
  apply(value: Tensor, arrays: Readonly<Record<string, Tensor>>, intervention: I): Tensor;
  /** Its own fields, for JSON; undefined for what has none. */
  toJson?(intervention: I, pack: PackArray): Readonly<Record<string, unknown>>;
  /** @throws file: fields that are missing or of another kind */
  fromJson?(fields: JsonFields): Omit<I, 'at' | 'kind' | 'name'>;
}
