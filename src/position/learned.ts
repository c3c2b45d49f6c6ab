import { fail } from '../core/index.js';
import { Module, normal } from '../nn/index.js';
import { gather, iota, Parameter, parameterTensor, type Tensor } from '../ops/index.js';

/** Learned absolute positions: one trained vector per position (Gehring et al. 2017; GPT-2). */
export class LearnedPositions extends Module {
  readonly weight: Parameter;

  constructor(context: number, width: number) {
    super();
    this.weight = new Parameter([context, width], normal(0.02));
  }

  /**
   * Vectors of the positions of x.
   * @param x [B,T,C], only its length counts
   * @param first int32 scalar: the position of x's first token, 0 by default
   * @returns [T,C]
   */
  forward(x: Tensor, first?: Tensor): Tensor {
    const context = this.weight.shape[0] as number;
    const length = x.shape[1] as number;
    if (typeof length === 'number' && length > context) {
      throw fail('shape', {
        where: 'positions',
        path: this.path,
        rule: `at most ${context} tokens, the context the model was made for`,
        got: String(length),
        fix: 'Shorten the text, or make the model with a larger context',
      });
    }
    const table = parameterTensor(this.weight);
    if (first === undefined && length === context) return table;
    const positions = iota(length);
    return gather(table, first === undefined ? positions : positions.add(first));
  }
}
