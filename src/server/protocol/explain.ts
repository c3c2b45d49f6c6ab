import type { Address, Matrix } from './matrix.js';
import type { RunRef } from './run.js';

/** An array of a run, as explanations speak of it. */
export interface Source {
  /** As `Address.at`. */
  readonly at: string;
  readonly shape: readonly number[];
  /** To show: `query of blocks.0.attention`, `normalised stream (blocks.0.norm1)`, `weight of blocks.0.attention.qkv`. */
  readonly name: string;
  readonly kind: 'site' | 'parameter' | 'constant' | 'unnamed';
}

/** One number that an equation uses. */
export interface Factor {
  /** As the equation writes it: `s₃`, `q`, `W`. */
  readonly symbol: string;
  readonly value: number;
  /** Leads on; left out for what is given, such as 1/√D. */
  readonly address?: Address;
  readonly name?: string;
}

/** Numbers that run along the terms of a sum, one each. */
export interface Operand {
  readonly symbol: string;
  readonly source: Source;
  /** Where each lies in `source`, row-major: `indexOf(flat[i], source.shape)` is its index. */
  readonly flat: Int32Array;
  readonly values: Float32Array;
}

/** A part of a sum that is written out: a token's embedding, what an attention wrote. */
export interface Part {
  readonly name: string;
  readonly value: number;
  readonly address?: Address;
}

/** How a number came about. */
export type Equation =
  /** value = exp(of) / Σ exp(over) */
  | { readonly kind: 'softmax'; readonly of: Factor; readonly over: Operand; readonly masked: number }
  /** value = scale · Σ_i Π_operands + plus */
  | { readonly kind: 'sum-of-products'; readonly operands: readonly Operand[]; readonly scale?: Factor; readonly plus?: Factor }
  /** value = Σ parts; the stream, as what each layer wrote into it */
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
  /** value = (x − mean) / √(variance + ε) · weight + bias; of RMS norms without mean and bias */
  | {
      readonly kind: 'norm';
      readonly of: Factor;
      readonly over: Operand;
      readonly mean?: number;
      readonly variance: number;
      readonly epsilon: number;
      readonly weight?: Factor;
      readonly bias?: Factor;
    }
  /** value = name(arguments), such as gelu(x), x + y, x · y; `formula` says it with the arguments' symbols */
  | { readonly kind: 'function'; readonly name: string; readonly formula: string; readonly arguments: readonly Factor[] }
  /** value = a row of a table, chosen by an id */
  | { readonly kind: 'lookup'; readonly table: Factor; readonly row: number; readonly token?: string }
  /** The end of the way: a weight that training made, a constant, an input */
  | { readonly kind: 'leaf'; readonly what: 'parameter' | 'constant' | 'input' }
  /** What was put here by a change */
  | { readonly kind: 'changed'; readonly change: string; readonly before: Factor }
  /** An operation without an equation of its own here, and the arrays it was computed from */
  | { readonly kind: 'operation'; readonly name: string; readonly doc: string; readonly from: readonly Source[] };

export interface Explanation {
  readonly address: Address;
  /** What lies at the address. */
  readonly source: Source;
  /** The axes of `source.shape`, by name: `head`, `query`, `key`, `token`, `dimension`. */
  readonly axes: readonly string[];
  readonly value: number;
  readonly equation: Equation;
  /** One line, in plain text: `pattern[0,3,5,2] = exp(1.203) / Σ exp(s) = 0.4123`. */
  readonly line: string;
  /** The equation worked out anew from the operands, in float64, and how far it is from `value`, which the engine computed. */
  readonly check: { readonly computed: number; readonly difference: number };
}

export interface ExplainRequests {
  readonly explain: { readonly in: RunRef & { readonly address: Address }; readonly out: Explanation };
  /** TypeScript that computes the number. */
  readonly 'explain.code': { readonly in: RunRef & { readonly address: Address }; readonly out: { readonly code: string } };
  /** A vector that an address lies in, along its last axis: strips of bars. */
  readonly 'explain.strip': {
    readonly in: RunRef & { readonly address: Address };
    readonly out: { readonly source: Source; readonly values: Matrix };
  };
}
