import type { TrainingData } from '../../../datasets/index.js';
import type { LanguageModel } from '../../../models/index.js';
import { adamW, type TrainResult, train } from '../../../train/index.js';
import type { Contender } from './contenders.js';

export interface Lesson {
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly lr: number;
  readonly threads?: number;
}

/** Trains a contender: every one by AdamW, with warm-up and a cosine. */
export function teach({ groups }: Contender, model: LanguageModel, data: TrainingData, { lr, ...lesson }: Lesson): Promise<TrainResult> {
  return train(model, { data, ...lesson, optimizer: adamW({ lr }), ...(groups && { groups }) });
}
