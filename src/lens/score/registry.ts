import { copying } from './copying.js';
import { duplicateToken } from './duplicate-token.js';
import { effectiveRankOV, effectiveRankQK } from './effective-rank.js';
import { entropy } from './entropy.js';
import { induction } from './induction.js';
import { firstToken, previousToken } from './positional.js';
import { rotaryFrequency } from './rotary-frequency.js';
import type { HeadScore } from './score.js';

/** Every score of a head, in the order in which they are shown: a new one is a file and a line here. */
export const headScores: readonly HeadScore[] = [
  induction,
  previousToken,
  duplicateToken,
  firstToken,
  entropy,
  copying,
  effectiveRankOV,
  effectiveRankQK,
  rotaryFrequency,
];
