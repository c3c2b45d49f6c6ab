import type { Target } from '../ops/emitter.js';
import type { Spec } from '../ops/spec.js';

/** How a graph is written. */
export interface LowerOptions {
  readonly target: Target;
  /** Inputs that must be declared even if nothing reads them, in this order. */
  readonly inputs: readonly { readonly name: string; readonly spec: Spec }[];
  /** Writes parameters into the model instead of declaring them as inputs. */
  readonly embedParameters?: boolean;
  /** Where the files lie of which the model may name parts, instead of holding them. */
  readonly folder?: string | undefined;
}
