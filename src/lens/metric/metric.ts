import type { HostArray } from '../../core/index.js';

/** A token: its id, or its text where there is a tokenizer (of a model of images, a label); a list has one for each row. */
export type TokenChoice = number | string | readonly (number | string)[];

interface AtPosition {
  /** Which position's logits are judged; −1, the last, by default. Models that give one prediction a row have none. */
  readonly position?: number | undefined;
}

/** logit(token) − logit(against). */
export interface LogitDifference extends AtPosition {
  readonly kind: 'logitDifference';
  readonly token: TokenChoice;
  readonly against: TokenChoice;
}

/** log p(token). */
export interface LogProbability extends AtPosition {
  readonly kind: 'logProbability';
  readonly token: TokenChoice;
}

/** p(token). */
export interface Probability extends AtPosition {
  readonly kind: 'probability';
  readonly token: TokenChoice;
}

/** Mean −log p(target), in nats. */
export interface Loss {
  readonly kind: 'loss';
  /** A row of targets for each row of the prompt, −100 where none counts; the tokens that follow by default. One target a row for one prediction a row. */
  readonly targets?: readonly (readonly number[])[] | undefined;
  /** The first position that counts; 0 by default. */
  readonly from?: number | undefined;
}

/** KL(clean ‖ run) of the predictions at a position, in nats. */
export interface Divergence extends AtPosition {
  readonly kind: 'kl';
  /** [B,V] or [1,V], the clean run's logits there. Sweeps and `cleanLogits` fill it in. */
  readonly clean?: HostArray | undefined;
}

/** ‖x‖₂ of a site's values, of each row. */
export interface Norm {
  readonly kind: 'norm';
  /** A site, perhaps with a slice that keeps the rows. */
  readonly at: string;
}

/** What a run is judged by: one number for each row of a prompt, as data. */
export type Metric = LogitDifference | LogProbability | Probability | Loss | Divergence | Norm;
