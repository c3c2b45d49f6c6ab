import { GroupedQueryAttention } from '../attention/index.js';
import { type Dim, fail } from '../core/index.js';
import { type ActivationName, child, children, LayerNorm, Linear, Mlp, Module, zeros } from '../nn/index.js';
import { concat, dropout, Parameter, parameterTensor, type Tensor, tanh, tap } from '../ops/index.js';
import { PatchPositions } from '../position/index.js';
import { PatchEmbedding } from './patch-embedding.js';
import { checkSizes } from './sizes.js';

export interface ViTConfig {
  /** Side of the images it is made for, in pixels; a multiple of `patch`. */
  readonly image: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
  /** Colours of an image; 3 by default. */
  readonly channels?: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Hidden width of the MLP; 4 · width by default. */
  readonly hidden?: number;
  /** What the classes are called, in order; none where there is no classifier. */
  readonly labels?: readonly string[];
  /**
   * What stands on the last layer: a classifier of the class token; with `teacher`, one of the distillation token too;
   * a `pooler` of the class token; or nothing. A classifier by default where there are labels.
   */
  readonly head?: ViTHead;
  /** DeiT's distillation token, beside the class token. */
  readonly distilled?: boolean;
  readonly activation?: ActivationName;
  readonly epsilon?: number;
  /** Whether queries, keys and values have biases. */
  readonly bias?: boolean;
  readonly dropout?: number;
  readonly seed?: number;
}

export type ViTHead = 'classifier' | 'teacher' | 'pooler' | 'none';

/** One layer: z' = z + MSA(LN(z)) (eq. 2), then z' + MLP(LN(z')) (eq. 3). */
class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attention: GroupedQueryAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor({ width, heads, hidden, bias, epsilon, activation, dropout: rate }: Required<ViTConfig>) {
    super();
    this.norm1 = new LayerNorm(width, { epsilon });
    const options = { width, heads, kvHeads: heads, bias, outputBias: true, dropout: rate };
    this.attention = child('attention', () => new GroupedQueryAttention(options));
    this.norm2 = new LayerNorm(width, { epsilon });
    this.mlp = new Mlp({ width, hidden, activation, dropout: rate });
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor): Tensor {
    const pre = tap('residual.pre', x);
    const mid = tap('residual.mid', pre.add(this.attention.forward(this.norm1.forward(pre))));
    return tap('residual.post', mid.add(this.mlp.forward(this.norm2.forward(mid))));
  }
}

/**
 * The Vision Transformer (Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words"): patches as tokens behind a class
 * token, learned positions, L pre-norm blocks in which every token sees every other, and a linear classifier of the class
 * token. With `distilled`, DeiT (Touvron et al. 2020): one token more, whose own head learned from a teacher; where both
 * heads are there, the logits are their mean (section 4, "joint classifiers").
 */
export class ViT extends Module {
  readonly config: Required<ViTConfig>;
  readonly patches: PatchEmbedding;
  /** [1,1,C] */
  readonly classToken: Parameter;
  /** [1,1,C] */
  readonly distillationToken: Parameter | undefined;
  readonly positions: PatchPositions;
  readonly blocks: Block[];
  readonly norm: LayerNorm;
  readonly pooler: Linear | undefined;
  readonly head: Linear | undefined;
  /** Two heads in its place, where there was a teacher. */
  readonly classHead: Linear | undefined;
  readonly distillationHead: Linear | undefined;

  /** @throws value, shape: sizes that do not fit together, or a head without what it needs */
  constructor(config: ViTConfig) {
    super();
    this.config = complete(config);
    const { image, patch, channels, width, layers, labels, head, distilled, epsilon, seed } = this.config;
    this.seed = seed;
    const side = image / patch;
    const classifier = (): Linear => new Linear(width, labels.length);
    this.patches = new PatchEmbedding({ channels, patch, width });
    this.classToken = new Parameter([1, 1, width], zeros);
    this.distillationToken = distilled ? new Parameter([1, 1, width], zeros) : undefined;
    this.positions = new PatchPositions({ rows: side, columns: side }, distilled ? 2 : 1, width);
    this.blocks = children('blocks', layers, () => new Block(this.config));
    this.norm = new LayerNorm(width, { epsilon });
    this.pooler = head === 'pooler' ? new Linear(width, width) : undefined;
    this.head = head === 'classifier' ? classifier() : undefined;
    this.classHead = head === 'teacher' ? classifier() : undefined;
    this.distillationHead = head === 'teacher' ? classifier() : undefined;
  }

  /**
   * @param pixels [B,channels,height,width] float32, scaled as the model was trained; sides other than the model's own are
   * taken where patches divide them, with positions interpolated
   * @returns by the head: logits [B,V] of a classifier; the pooled class token [B,C]; or without a head every token [B,T,C]
   */
  forward(pixels: Tensor): Tensor {
    const { width, dropout: rate } = this.config;
    const batch = pixels.shape[0] as Dim;
    const tokens = [this.classToken, ...(this.distillationToken ? [this.distillationToken] : [])];
    const first = tokens.map((token) => parameterTensor(token).expand([batch, 1, width]));
    const z = concat([...first, this.patches.forward(pixels)], 1); // [B,T,C], T = tokens + P
    let x = tap('embed', dropout(z.add(this.positions.forward(this.patches.grid(pixels))), rate));
    for (const block of this.blocks) x = block.forward(x);
    x = tap('final_norm', this.norm.forward(x));
    const token = (i: number): Tensor => x.slice([null, [i, i + 1]]).reshape([batch, width]);
    if (this.pooler) return tap('pooled', tanh(this.pooler.forward(token(0))));
    if (this.head) return tap('logits', this.head.forward(token(0)));
    if (!this.classHead || !this.distillationHead) return x;
    return tap(
      'logits',
      this.classHead
        .forward(token(0))
        .add(this.distillationHead.forward(token(1)))
        .mul(0.5),
    );
  }
}

function complete(config: ViTConfig): Required<ViTConfig> {
  const { image, patch, channels = 3, layers, heads, width, hidden = 4 * width, labels = [], distilled = false } = config;
  checkSizes('ViT', { image, patch, channels, layers, heads, width, hidden });
  const head = config.head ?? (labels.length > 0 ? 'classifier' : 'none');
  if (image % patch !== 0) {
    throw fail('shape', { where: 'ViT', rule: 'a patch that divides the image', got: `image ${image}, patch ${patch}` });
  }
  const classifies = head === 'classifier' || head === 'teacher';
  if (classifies !== labels.length > 0 || (head === 'teacher' && !distilled)) {
    throw fail('value', {
      where: 'ViT',
      rule: 'labels for a classifier and for nothing else, and a distillation token for a head that learned from a teacher',
      got: `head ${head}, ${labels.length} labels, ${distilled ? 'distilled' : 'not distilled'}`,
    });
  }
  const usual = { activation: 'gelu' as const, epsilon: 1e-12, bias: true, dropout: 0, seed: 0 };
  return { ...usual, ...config, channels, hidden, labels, head, distilled };
}
