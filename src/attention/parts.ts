import { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';
import type { Places } from './places.js';

/** How queries meet keys: [B,H,T,D], [B,K,S,D] (K divides H) → scores [B,H,T,S]. It must not look at other keys than its own. */
export type Score = (query: Tensor, key: Tensor, places: Places) => Tensor;

/** Who may meet whom: bool, true = attend; broadcasts to [B,H,T,S]. */
export type Mask = (places: Places) => Tensor;

/** What is added to scores: float, broadcasts to [B,H,T,S]. A bias is added, a mask forbids: the words are never mixed. */
export type Bias = (places: Places) => Tensor;

export interface NormaliserInputs {
  /** Broadcasts to the scores, true = attend; a query with nothing to attend to has weights zero. */
  readonly mask: Tensor | undefined;
  /** Promises that every query may attend to something, which may save a pass. */
  readonly everyQueryAttends: boolean;
}

/** What makes weights of scores: [B,H,T,S] → [B,H',T,S]. Weights where the mask forbids are zero. */
export type Normaliser = (scores: Tensor, inputs: NormaliserInputs) => Tensor;

/**
 * How weights meet values: [B,H,T,S], [B,K,S,D] (K divides H) → [B,H,T,D]. A sum over keys, so that the keys may come in
 * parts (a memory and the new ones) whose results are added.
 */
export type Mix = (weights: Tensor, value: Tensor, places: Places) => Tensor;

/** A part of an attention: a function; or, where it has parameters, a module whose `forward` is that function. */
export type Part<F extends (...args: never) => Tensor> = F | (Module & { forward: F });

/** The function of a part. */
export function partFunction<F extends (...args: never) => Tensor>(part: Part<F>): F {
  // A module's forward is asked for at each call: that is what makes its path current.
  return part instanceof Module ? (((...args: never) => part.forward(...args)) as F) : (part as F);
}
