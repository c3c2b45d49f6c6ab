import { type Dim, multiplyDims } from '../core/index.js';
import { inChunks, type Tensor } from '../ops/index.js';
import { Module } from './module.js';

/** A module that treats every position alike: an `Mlp`, a `GatedMlp`, a `Linear`. */
export type PositionWise = Module & { forward(x: Tensor): Tensor };

/**
 * A position-wise module computed some positions at a time (Kitaev et al. 2020, Reformer, section 3.2): its hidden values,
 * the widest of a Transformer, are [chunk,F] instead of [B·T,F], forward and backward. The same numbers, and the module's own
 * parameters. Its sites are stacked by chunk.
 * @example new Chunked(new Mlp({ width: 512, activation: 'gelu' }), 1024)
 */
export class Chunked extends Module {
  readonly module: PositionWise;
  /** Positions at a time. */
  readonly chunk: number;

  constructor(module: PositionWise, chunk: number) {
    super();
    this.module = module;
    this.chunk = chunk;
  }

  /** @param x [B,T,C] @returns [B,T,C'] @throws value: a chunk below 1; unsupported: dropout in the module; shape: unknown sizes */
  forward(x: Tensor): Tensor {
    const [batch, length, width] = x.shape as [Dim, Dim, Dim];
    const rows = x.reshape([multiplyDims(batch, length), width]);
    const y = inChunks((part) => this.module.forward(part as Tensor), this.chunk)(rows);
    return y.reshape([batch, length, y.shape[1] as Dim]);
  }
}
