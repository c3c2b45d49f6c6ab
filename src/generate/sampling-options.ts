import { fail } from '../core/index.js';
import {
  type LogitsProcessor,
  minP as minPOf,
  noRepeatNgram as noRepeatNgramOf,
  repetitionPenalty as repetitionPenaltyOf,
  temperature as temperatureOf,
  topK as topKOf,
  topP as topPOf,
  typical,
} from './processors/index.js';

/**
 * What chooses among the tokens that may come next. Steps are taken in this order, the one of Hugging Face's
 * transformers: `repetitionPenalty`, `noRepeatNgram`, `processors` (these hold for greedy choices and beams too), then
 * `temperature`, `topK`, `topP`, `minP`, `typicalP`, each on the probabilities that those before it leave.
 */
export interface SamplingOptions {
  /** Divides the logits; 1 by default. 0 is greedy: always the likeliest token. */
  readonly temperature?: number;
  /** Only the k likeliest tokens (Fan et al. 2018). */
  readonly topK?: number;
  /** Only the fewest tokens whose probabilities, after `topK`, add up to at least p (nucleus sampling, Holtzman et al. 2020). */
  readonly topP?: number;
  /** Only tokens at least this share as likely as the likeliest (Nguyen et al. 2024); from 0 to 1. */
  readonly minP?: number;
  /** Only the tokens of typical information, up to this mass (Meister et al. 2022); above 0, at most 1. */
  readonly typicalP?: number;
  /** Makes tokens that have been less likely (Keskar et al. 2019); 1 changes nothing. */
  readonly repetitionPenalty?: number;
  /** No n tokens in a row twice (Paulus et al. 2018), those of the prompt counted. */
  readonly noRepeatNgram?: number;
  /** Steps of your own, such as a grammar that forbids tokens. */
  readonly processors?: readonly LogitsProcessor[];
}

/** @throws value: an option outside its range */
export function checkSampling(options: SamplingOptions): void {
  const { temperature = 1, topK = 1, topP = 1, minP = 0, typicalP = 1, repetitionPenalty = 1, noRepeatNgram = 1 } = options;
  const demand = (holds: boolean, rule: string, got: number): void => {
    if (!holds) throw fail('value', { where: 'sampling', rule, got: String(got) });
  };
  demand(temperature >= 0 && temperature < Number.POSITIVE_INFINITY, 'temperature is a number from 0', temperature);
  demand(Number.isInteger(topK) && topK >= 1, 'topK is a whole number from 1', topK);
  demand(topP > 0 && topP <= 1, 'topP is above 0 and at most 1', topP);
  demand(minP >= 0 && minP <= 1, 'minP is from 0 to 1', minP);
  demand(typicalP > 0 && typicalP <= 1, 'typicalP is above 0 and at most 1', typicalP);
  demand(repetitionPenalty > 0 && repetitionPenalty < Number.POSITIVE_INFINITY, 'repetitionPenalty is a number above 0', repetitionPenalty);
  demand(Number.isInteger(noRepeatNgram) && noRepeatNgram >= 1, 'noRepeatNgram is a whole number from 1', noRepeatNgram);
}

/** The steps that hold whether the choice is drawn, greedy or a beam's. */
export function penaltiesOf({ repetitionPenalty = 1, noRepeatNgram, processors = [] }: SamplingOptions): LogitsProcessor[] {
  return [
    ...(repetitionPenalty === 1 ? [] : [repetitionPenaltyOf(repetitionPenalty)]),
    ...(noRepeatNgram === undefined ? [] : [noRepeatNgramOf(noRepeatNgram)]),
    ...processors,
  ];
}

/** The steps that shape a draw, after the penalties. */
export function filtersOf({ temperature = 1, topK, topP = 1, minP = 0, typicalP = 1 }: SamplingOptions): LogitsProcessor[] {
  return [
    ...(temperature === 1 ? [] : [temperatureOf(temperature)]),
    ...(topK === undefined ? [] : [topKOf(topK)]),
    ...(topP === 1 ? [] : [topPOf(topP)]),
    ...(minP === 0 ? [] : [minPOf(minP)]),
    ...(typicalP === 1 ? [] : [typical(typicalP)]),
  ];
}
