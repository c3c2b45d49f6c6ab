import { type ErrorCode, fail, type HeadlightError } from '../core/index.js';
import type { Emitter, LowerContext } from './emitter.js';
import type { RefArray } from './reference.js';
import { formatSpec, type Spec } from './spec.js';
import type { Tensor } from './tensor.js';

export type Attrs = Readonly<Record<string, unknown>>;

/** What a shape rule sees. `refuse` builds the design's error with the inputs described. */
export interface InferContext<A> {
  readonly inputs: readonly Spec[];
  readonly attrs: A;
  readonly path: string;
  refuse(rule: string, options?: { code?: ErrorCode; got?: string; fix?: string }): HeadlightError;
}

/** What a vector–Jacobian product sees: the node, and the gradient of the loss by each output (undefined: none). */
export interface VjpContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attrs: A;
  readonly grads: readonly (Tensor | undefined)[];
  /** The gradient by the first output. */
  readonly g: Tensor;
  /** Which inputs' gradients are wanted. */
  readonly needs: readonly boolean[];
}

/** One input of a sample case: a shape with a range of random values, or given values. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly dtype?: Spec['dtype'];
  /** Random values are uniform in this range; integers include both ends. Default [-2, 2]. */
  readonly range?: readonly [number, number];
  readonly values?: readonly number[];
  /** False: no gradient is checked by this input (it is a kink, an index, or its vjp is `undefined` by design). */
  readonly differentiable?: boolean;
}

export interface Case<A> {
  readonly attrs: A;
  readonly inputs: readonly CaseInput[];
}

/**
 * An operation: everything Headlight knows of it, in one place. A missing rule is a compile error.
 */
export interface OpSpec<A> {
  readonly name: string;
  /** One sentence with the formula. */
  readonly doc: string;
  /** Names of the inputs for errors; one ending in `...` stands for any number, in `?` for an optional one. */
  readonly inputs: readonly string[];
  readonly infer: (c: InferContext<A>) => readonly Spec[];
  /** Gradients by each input, or `none` where the derivative is zero or does not exist. */
  readonly vjp: ((c: VjpContext<A>) => readonly (Tensor | undefined)[]) | 'none';
  /** Whether the vjp can itself be differentiated (`any`) or not (`first`). */
  readonly order: 'any' | 'first';
  readonly lower: (e: Emitter, c: LowerContext<A>) => readonly string[];
  /** The naive float64 meaning. */
  readonly reference: (inputs: readonly RefArray[], attrs: A) => readonly RefArray[];
  readonly cases: readonly Case<A>[];
  /** The op passes its inputs on unchanged, once differentiated: lowering skips it. */
  readonly identity?: true;
}

/** An op as graphs and passes see it: its attributes' type is its own business. */
export type Op = OpSpec<Attrs>;

const registered = new Map<string, Op>();

/** Declares an op and enters it in the registry. */
export function defineOp<A>(spec: OpSpec<A>): OpSpec<A> {
  if (registered.has(spec.name)) throw fail('name', { where: 'defineOp', rule: 'op names are unique', got: spec.name });
  // Attributes are only ever read back by the op that wrote them, so the erased view is safe.
  registered.set(spec.name, spec as unknown as Op);
  return spec;
}

/** Every op there is, by name. */
export function registry(): ReadonlyMap<string, Op> {
  return registered;
}

/** `x=[2,3] float32, w=[4,5] float32`. */
export function describeInputs(names: readonly string[], inputs: readonly Spec[]): string {
  return inputs
    .map((spec, i) => {
      const name = names[Math.min(i, names.length - 1)] ?? 'x';
      return `${name.endsWith('...') ? `${name.slice(0, -3)}${i}` : name.replace('?', '')}=${formatSpec(spec)}`;
    })
    .join(', ');
}
