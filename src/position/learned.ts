import type { Dim } from '../core/index.js';
import { type FormDeclaration, Module, normal } from '../nn/index.js';
import { gather, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import { checkContext, tokenPositions } from './token-positions.js';

/** Learned absolute positions: one trained vector per position (Gehring et al. 2017; GPT-2). */
export class LearnedPositions extends Module {
  readonly weight: Parameter;

  constructor(context: number, width: number) {
    super();
    this.weight = new Parameter([context, width], normal(0.02));
  }

  /**
   * Vectors of the positions of x.
   * @param x [B,T,C], only its sizes count
   * @param position int32: [1], the position of x's first token, the others following it; or [B,T], each token's own.
   * 0, 1, 2, … by default
   * @returns [T,C], or [B,T,C] where each token has its own
   * @throws shape: more tokens than the context, or positions of another shape; dtype: positions that are not int32
   */
  forward(x: Tensor, position?: Tensor): Tensor {
    const context = this.weight.shape[0] as number;
    const length = x.shape[1] as Dim;
    checkContext(length, context);
    const table = parameterTensor(this.weight);
    return position === undefined && length === context ? table : gather(table, tokenPositions(x, position).positions);
  }
}

export const learnedPositionsForm: FormDeclaration = {
  name: 'LearnedPositions',
  formula: 'x_p + W_p',
  paper: 'Gehring et al. 2017, section 3.1',
  time: 'T·C',
  memory: 'T·C',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Texts no longer than those learned from (GPT-2, BERT).',
  file: 'src/position/learned.ts',
};
