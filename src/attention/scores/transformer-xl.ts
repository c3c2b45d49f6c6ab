import { type Dim, fail, HostArray } from '../../core/index.js';
import { type FormDeclaration, Linear, Module, normal } from '../../nn/index.js';
import { cast, concat, constant, cos, matmul, Parameter, parameterTensor, sin, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { offsetsSideBySide, toPairs } from '../relative.js';
import { checkSizes } from '../sizes.js';
import { scaledDotProductScore } from './dot-product.js';
import { checkFit } from './fit.js';

export interface TransformerXlScoreOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Width of a head, D. */
  readonly width: number;
  /** Width of the sinusoids, C; even. heads · width by default. */
  readonly positionWidth?: number;
}

/**
 * s_ij = ((q_i + u) · k_j + (q_i + v) · W R_{i−j}) / √D (Dai et al. 2019, "Transformer-XL", section 3.3: the terms a–d;
 * their W_{k,R} is W, `position`). What is compared and where it stands are asked for apart; u and v are what every query
 * asks for. R_d = [sin ω_f d …, cos ω_f d …] with ω_f = 10000^(−2f/C) is fixed. With `past` it has their memory.
 *
 * Where queries and keys stand side by side, W R_d is made once for each distance, and products are moved to their pairs
 * (appendix B). Elsewhere, beside a memory, R is taken apart: sin ω(i−j) = sin ωi cos ωj − cos ωi sin ωj, likewise the
 * cosine, so that the term is a product of queries and keys of width C, wherever they stand. Angles are float32: there,
 * at place p, they are off by about p · 1e-7.
 * @example new Attention({ score: new TransformerXlScore({ heads: 8, width: 64 }), mask: causal })
 */
export class TransformerXlScore extends Module {
  /** u [H,D] */
  readonly contentBias: Parameter;
  /** v [H,D] */
  readonly positionBias: Parameter;
  /** W, from C to H·D */
  readonly position: Linear;

  /** @throws value: sizes that are not whole numbers from 1, or an odd positionWidth */
  constructor({ heads, width, positionWidth = heads * width }: TransformerXlScoreOptions) {
    super();
    checkSizes('Transformer-XL score', { heads, width, positionWidth });
    if (positionWidth % 2 !== 0) {
      const rule = 'an even positionWidth: a sine and a cosine for each frequency';
      throw fail('value', { where: 'Transformer-XL score', rule, got: String(positionWidth) });
    }
    this.contentBias = new Parameter([heads, width], normal(0.02));
    this.positionBias = new Parameter([heads, width], normal(0.02));
    this.position = new Linear(positionWidth, heads * width, { bias: false });
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D], K divides H @returns [B,H,T,S] @throws shape: other heads or widths */
  forward(query: Tensor, key: Tensor, places: Places): Tensor {
    const [heads, width] = this.contentBias.shape as [number, number];
    checkFit('Transformer-XL score', 'queries', query, { heads, width });
    const withBias = (bias: Parameter): Tensor => query.add(parameterTensor(bias).reshape([heads, 1, width]));
    const content = scaledDotProductScore()(withBias(this.contentBias), key, places);
    return content.add(this.#byDistance(withBias(this.positionBias), places));
  }

  /** q_i · W R_{i−j} / √D @param query [B,H,T,D] @returns [B,H,T,S] */
  #byDistance(query: Tensor, places: Places): Tensor {
    const [heads, width] = this.contentBias.shape as [number, number];
    const size = this.position.weight.shape[0] as number;
    const scale = 1 / Math.sqrt(width);
    const offsets = offsetsSideBySide(places);
    if (offsets !== undefined) {
      const distances = new HostArray(
        Int32Array.from(offsets, (o) => -o),
        [offsets.length, 1],
        'int32',
      );
      const turning = angles(constant(distances), size);
      const rows = this.position.forward(concat([sin(turning), cos(turning)], -1)).reshape([offsets.length, heads, width]);
      const products = matmul(query, rows.transpose([1, 0, 2]), { transposeB: true, scale }); // [B,H,T,T+S]
      return toPairs(products, { from: offsets[0] as number, to: offsets.at(-1) as number }, places);
    }
    const weight = parameterTensor(this.position.weight).reshape([size, heads, width]).transpose([1, 2, 0]); // [H,D,C]
    const [bySine, byCosine] = matmul(query, weight).split(2, -1) as [Tensor, Tensor]; // [B,H,T,C/2]
    const at = angles(places.query, size);
    const keys = angles(column(places.key), size);
    const [s, c] = [sin(at), cos(at)];
    const turned = concat([bySine.mul(s).add(byCosine.mul(c)), byCosine.mul(s).sub(bySine.mul(c))], -1);
    return matmul(turned, concat([cos(keys), sin(keys)], -1), { transposeB: true, scale });
  }
}

/** ω_f p of places in a column: [T,1] or [B,1,T,1] int32 → [T,C/2] or [B,1,T,C/2] radians */
function angles(places: Tensor, size: number): Tensor {
  const radians = Float32Array.from({ length: size / 2 }, (_, f) => 10000 ** ((-2 * f) / size));
  return cast(places, 'float32').mul(constant(new HostArray(radians, [1, radians.length], 'float32')));
}

/** A row of places as a column: [1,S] → [S,1], [B,1,1,S] → [B,1,S,1] */
function column(row: Tensor): Tensor {
  return row.reshape([...row.shape.slice(0, -2), row.shape.at(-1) as Dim, 1]);
}

export const transformerXlForm: FormDeclaration = {
  name: 'TransformerXlScore',
  formula: 's_ij = ((q_i + u) · k_j + (q_i + v) · W R_{i−j}) / √D',
  paper: 'Dai et al. 2019 (Transformer-XL), section 3.3',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Texts longer than the window, read with a memory of what went before.',
  file: 'src/attention/scores/transformer-xl.ts',
};
