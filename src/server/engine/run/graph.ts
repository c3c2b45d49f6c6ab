import { topological } from '../../../ops/graph.js';
import type { Tensor } from '../../../ops/index.js';
import { type GraphInput, sitesOf } from '../../../runtime/index.js';
import type { Traced } from './subject.js';

/** A graph that runs compute: the model's, over inputs of known sizes, as changes have made it. */
export class RunGraph implements Traced {
  readonly inputs: readonly GraphInput[];
  readonly result: Tensor;
  readonly sites: ReadonlyMap<string, Tensor>;
  #tensors: readonly Tensor[] | undefined;

  /** @param key tells graphs of one size and structure apart from others */
  constructor(
    readonly key: string,
    { inputs, result }: Traced,
  ) {
    this.inputs = inputs;
    this.result = result;
    this.sites = sitesOf([result]);
  }

  /** Every value, in the order of computation: `%n` names the n-th. */
  get tensors(): readonly Tensor[] {
    this.#tensors ??= topological([this.result]).flatMap((node) => node.outputs);
    return this.#tensors;
  }
}
