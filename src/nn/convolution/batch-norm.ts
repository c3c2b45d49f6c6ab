import { isTraining, mean, Parameter, parameterTensor, stopGradient, type Tensor, tap } from '../../ops/index.js';
import { ones, zeros } from '../initializers.js';
import { Module } from '../module.js';

/**
 * Batch normalisation (Ioffe and Szegedy 2015, algorithm 1): y = weight · (x − μ)/√(σ² + ε) + bias for each channel.
 *
 * While training, μ and σ² are the batch's own, over all its rows and places. Elsewhere they are `mean` and `variance`, which
 * a network carries with its weights. A program has no hidden state that steps could move them through; nor do running
 * averages say what the last weights compute (Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3). So they are
 * measured, after training, by `calibrate` of `train`: a pass over data in the way of training, from the sites
 * `….batch_mean` and `….batch_variance`, [C] each, which stand in training programs alone. They are parameters, so that
 * checkpoints hold them; their gradients are zero, so that no step moves them. Until they are measured they are 0 and 1.
 */
export class BatchNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly mean: Parameter;
  readonly variance: Parameter;
  readonly epsilon: number;

  constructor(channels: number, options: { readonly epsilon?: number } = {}) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
    this.mean = new Parameter([channels], zeros);
    this.variance = new Parameter([channels], ones);
    this.epsilon = options.epsilon ?? 1e-5;
  }

  /** @param x [B,C,…] @returns as x */
  forward(x: Tensor): Tensor {
    const places = x.shape.slice(2);
    const laid = (values: Tensor): Tensor => values.reshape([-1, ...places.map(() => 1)]);
    const scaled = (centred: Tensor, variance: Tensor): Tensor =>
      centred
        .div(variance.add(this.epsilon).sqrt())
        .mul(laid(parameterTensor(this.weight)))
        .add(laid(parameterTensor(this.bias)));
    if (!isTraining()) {
      const [center, variance] = [this.mean, this.variance].map((p) => laid(stopGradient(parameterTensor(p)))) as [Tensor, Tensor];
      return scaled(x.sub(center), variance);
    }
    const axis = [0, ...places.map((_, a) => a + 2)];
    const center = tap('batch_mean', mean(x, { axis })); // [C]
    const centred = x.sub(laid(center));
    const variance = tap('batch_variance', mean(centred.mul(centred), { axis }));
    return scaled(centred, laid(variance));
  }
}
