import { type Dim, host } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { constant, softmax, type Tensor } from '../../ops/index.js';
import { ImpliedAttention, type ImpliedOptions, type Meeting } from './implied-attention.js';
import { checkWhole } from './sizes.js';

export interface NystromOptions extends ImpliedOptions {
  /** Landmarks, m; divide the length. 64 in the paper. */
  readonly landmarks: number;
  /** Steps of the inverse's iteration; 6 in the paper. */
  readonly iterations?: number | undefined;
}

/**
 * Nyström attention (Xiong et al. 2021, Nyströmformer, section 3): the softmax pattern from a few of its rows and columns,
 * softmax(Q K̃ᵀ/√D) · softmax(Q̃ K̃ᵀ/√D)⁺ · softmax(Q̃ Kᵀ/√D) · V, with landmarks Q̃, K̃ that are means of m segments. The
 * pseudo-inverse is iterated (`pseudoInverse`). Time is T·m·D; with a landmark for each token it is softmax attention.
 *
 * It never forms the pattern; `pattern` gives the product of the three matrices, whose entries may be negative. Their
 * convolution beside it is the layer's affair. It cannot be causal: landmarks see their whole segment.
 */
export class NystromAttention extends ImpliedAttention {
  readonly label = 'Nyström attention';
  readonly landmarks: number;
  readonly iterations: number;

  /** @throws value: landmarks or iterations that are not whole numbers from 1 */
  constructor({ landmarks, iterations = 6, ...options }: NystromOptions) {
    super(options);
    checkWhole('Nyström attention', { landmarks, iterations });
    this.landmarks = landmarks;
    this.iterations = iterations;
  }

  protected mix(meeting: Meeting, value: Tensor): Tensor {
    const { rows, inverse, columns } = this.factors(meeting);
    return rows.matmul(inverse.matmul(columns.matmul(value)));
  }

  protected weights(meeting: Meeting): Tensor {
    const { rows, inverse, columns } = this.factors(meeting);
    return rows.matmul(inverse).matmul(columns);
  }

  /** Queries to landmarks [B,H,T,m], the inverse among landmarks [B,H,m,m], landmarks to keys [B,H,m,S]. */
  private factors({ query, key, keys }: Meeting): Readonly<Record<'rows' | 'inverse' | 'columns', Tensor>> {
    if (keys !== undefined) {
      this.refuse('unsupported', 'no mask: landmarks are means over all keys', keys, 'Cut what is padded off');
    }
    const [few, fewKeys] = [this.segments(query), this.segments(key)];
    const scale = 1 / Math.sqrt(query.shape[3] as number);
    const meet = (q: Tensor, k: Tensor): Tensor => softmax(q.matmul(k, { transposeB: true, scale }));
    return {
      rows: meet(query, fewKeys),
      inverse: pseudoInverse(meet(few, fewKeys), this.iterations),
      columns: meet(few, key),
    };
  }

  /** Means of m runs of neighbours: [B,H,T,D] → [B,H,m,D]. */
  private segments(x: Tensor): Tensor {
    const [batch, heads, length, width] = x.shape as [Dim, Dim, Dim, Dim];
    if (typeof length !== 'number') this.refuse('shape', 'a length that is known when it is traced', x);
    if (length % this.landmarks !== 0) {
      const fix = 'Choose landmarks among the divisors of the length, or pad the text';
      this.refuse('shape', `a length that ${this.landmarks} landmarks divide`, x, fix);
    }
    return x.reshape([batch, heads, this.landmarks, length / this.landmarks, width]).mean({ axis: 3 });
  }
}

/**
 * The Moore–Penrose inverse of matrices [...,m,m] by an iteration of third order (Razavi et al. 2014; Xiong et al. 2021,
 * eq. 11): Z ← ¼ Z (13 I − A Z (15 I − A Z (7 I − A Z))) from Z = Aᵀ/(‖A‖₁ ‖A‖∞), which is near enough for any A.
 */
export function pseudoInverse(a: Tensor, iterations = 6): Tensor {
  const size = a.shape.at(-1) as number;
  const identity = constant(host(Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => Number(i === j)))));
  const last = a.rank - 1;
  const swapped = a.transpose([...a.shape.slice(0, -2).map((_, i) => i), last, last - 1]);
  const largest = (axis: number): Tensor =>
    a
      .abs()
      .sum({ axis, keep: true })
      .max({ axis: [last - 1, last], keep: true });
  let z = swapped.div(largest(last).mul(largest(last - 1)));
  for (let i = 0; i < iterations; i++) {
    const az = a.matmul(z);
    const inner = az.matmul(identity.mul(7).sub(az));
    z = z.matmul(identity.mul(13).sub(az.matmul(identity.mul(15).sub(inner)))).mul(0.25);
  }
  return z;
}

export const nystromForm: FormDeclaration = {
  name: 'NystromAttention',
  formula: 'softmax(Q K̃ᵀ/√D) softmax(Q̃ K̃ᵀ/√D)⁺ softmax(Q̃ Kᵀ/√D) V, Q̃, K̃ means of segments',
  paper: 'Xiong et al. 2021 (Nyströmformer), section 3',
  time: 'T·m·D + m³, m landmarks',
  memory: 'T·m',
  exact: false,
  causal: 'no',
  cacheable: false,
  use: 'Encoders of long texts, with no parameters of its own: it can stand in for trained softmax attention.',
  file: 'src/attention/approximate/nystrom-attention.ts',
};
