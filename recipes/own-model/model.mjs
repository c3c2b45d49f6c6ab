// A model of one's own: a class with fields for its parts and a `forward` that computes. Nothing is registered anywhere:
// the names of parameters and sites are the names of the fields. `child` and `children` build a part under its name, so that
// one which refuses its options says where: "self-attention at blocks.0.attention: …".
import { causalMask, SelfAttention } from 'headlightjs/attention';
import { child, children, Embedding, LayerNorm, Mlp, Module } from 'headlightjs/nn';
import { tap } from 'headlightjs/ops';

/** @typedef {import('headlightjs').Tensor} Tensor */

/** Attention and MLP side by side, not one after the other (Wang and Komatsuzaki 2021): x + attention(norm x) + mlp(norm x). */
class ParallelBlock extends Module {
  /** @param {number} width @param {number} heads */
  constructor(width, heads) {
    super();
    this.norm = new LayerNorm(width);
    this.attention = child('attention', () => new SelfAttention({ width, heads }));
    this.mlp = new Mlp({ width, hidden: 4 * width, activation: 'gelu_new' });
  }

  /** @param {Tensor} x [B,T,C] @param {Tensor} mask [T,T], true = attend @returns {Tensor} [B,T,C] */
  forward(x, mask) {
    const normed = this.norm.forward(x);
    return tap('residual.post', x.add(this.attention.forward(normed, { mask })).add(this.mlp.forward(normed)));
  }
}

/** No position is told: a causal mask alone lets the layers count (Haviv et al. 2022). */
export class ParallelModel extends Module {
  /** @param {{ vocabulary: number, context: number, layers: number, heads: number, width: number }} options */
  constructor({ vocabulary, context, layers, heads, width }) {
    super();
    this.vocabulary = vocabulary;
    this.context = context;
    this.tokens = new Embedding(vocabulary, width);
    this.blocks = children('blocks', layers, () => new ParallelBlock(width, heads));
    this.norm = new LayerNorm(width);
  }

  /** @param {Tensor} ids [B,T] int32 @returns {Tensor} logits [B,T,V] */
  forward(ids) {
    let x = tap('embed', this.tokens.forward(ids)); // [B,T,C]
    const mask = causalMask(/** @type {number} */ (ids.shape[1]));
    for (const block of this.blocks) x = block.forward(x, mask);
    return tap('logits', this.tokens.scores(tap('final_norm', this.norm.forward(x))));
  }
}
