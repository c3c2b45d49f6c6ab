import { topological } from '../../ops/graph.js';
import type { Parameter, Tensor } from '../../ops/index.js';
import { parameterOp } from '../../ops/leaves/parameter.js';
import { type LensModel, traceModel } from '../trace.js';
import { smallestPrompt } from './reading.js';

/** Where tokens enter the residual stream, and where its last state becomes their scores. */
export interface VocabularyWeights {
  /** W_E, [V,C]; undefined where tokens enter by no table. */
  readonly embedding: Parameter | undefined;
  /** W_U's transpose, [V,C]; undefined where no score of every token is given. */
  readonly unembedding: Parameter | undefined;
}

/**
 * The embedding and unembedding of a model of tokens, found in its graph. Of an encoder–decoder, the decoder's; of a masked
 * language model, the last matrix of its head, though a dense layer and a norm stand between.
 */
export function vocabularyWeights(model: LensModel): VocabularyWeights {
  const { output, inputs } = traceModel(model, smallestPrompt(model));
  const ids = inputs.at(-1)?.spec; // the target's, where there is a source too
  let embedding: Parameter | undefined;
  let unembedding: Parameter | undefined;
  for (const { op, inputs: of, attrs } of topological([output])) {
    if (op.name === 'gather' && of[1] === ids) embedding ??= parameterOf(of[0]);
    if (op.name === 'linear' && attrs.transposed === true) {
      const table = parameterOf(of[1]);
      // A matrix [V,C] that gives a score per row. The last one counts.
      if (table !== undefined && 'vocabulary' in model && table.shape[0] === model.vocabulary) unembedding = table;
    }
  }
  return { embedding, unembedding };
}

function parameterOf(t: Tensor | undefined): Parameter | undefined {
  return t?.node.op.name === parameterOp.name ? (t.node.attrs.parameter as Parameter) : undefined;
}
