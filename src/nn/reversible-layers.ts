import { reversible, type Tensor } from '../ops/index.js';
import { Module } from './module.js';

/** The two residual functions of a reversible layer, each [B,T,C] → [B,T,C]: in a Transformer attention and the MLP, with their norms. */
export interface ReversibleLayer {
  readonly f: Module & { forward(x: Tensor): Tensor };
  readonly g: Module & { forward(x: Tensor): Tensor };
}

/**
 * A stack of reversible layers over one stream (Kitaev et al. 2020, Reformer, section 3): x is given to both streams, and
 * their mean comes out. Only that much is kept for the backward pass, whatever the depth (`reversible`).
 * @example new ReversibleLayers(blocks.map((b) => ({ f: b.attention, g: b.mlp })))
 */
export class ReversibleLayers extends Module {
  readonly layers: readonly ReversibleLayer[];

  constructor(layers: readonly ReversibleLayer[]) {
    super();
    this.layers = layers.map(({ f, g }) => ({ f, g }));
  }

  /** @param x [B,T,C] @returns [B,T,C] @throws shape: a layer that changes the shape */
  forward(x: Tensor): Tensor {
    const blocks = this.layers.map(({ f, g }) => ({ f: (part: Tensor) => f.forward(part), g: (part: Tensor) => g.forward(part) }));
    const [y1, y2] = reversible(blocks, x, x);
    return y1.add(y2).mul(0.5);
  }
}
