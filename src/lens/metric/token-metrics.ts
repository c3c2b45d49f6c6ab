import { logSoftmax, softmax, type Tensor } from '../../ops/index.js';
import type { MetricKind } from './kind.js';
import type { LogitDifference, LogProbability, Probability } from './metric.js';
import { checkPosition, logitsAt, ofTokens, tokenArray } from './predictions.js';

export const logitDifference: MetricKind<LogitDifference> = {
  doc: 'logit(token) − logit(against)',
  arrays: ({ token, against, position }, inputs) => {
    checkPosition(position, inputs);
    return { token: tokenArray(token, inputs), against: tokenArray(against, inputs) };
  },
  trace: ({ position }, run) => {
    const rows = logitsAt(run, position);
    return ofTokens(rows, run.arrays.token as Tensor).sub(ofTokens(rows, run.arrays.against as Tensor));
  },
};

/** A number that softmax gives a token. */
function ofDistribution<M extends LogProbability | Probability>(doc: string, distribution: (logits: Tensor) => Tensor): MetricKind<M> {
  return {
    doc,
    arrays: ({ token, position }, inputs) => {
      checkPosition(position, inputs);
      return { token: tokenArray(token, inputs) };
    },
    trace: ({ position }, run) => ofTokens(distribution(logitsAt(run, position)), run.arrays.token as Tensor),
  };
}

export const logProbability: MetricKind<LogProbability> = ofDistribution('log p(token)', (x) => logSoftmax(x));

export const probability: MetricKind<Probability> = ofDistribution('p(token)', (x) => softmax(x));
