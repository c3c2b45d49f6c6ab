import type { ActivationName } from '../../nn/index.js';
import { median } from './statistics.js';
import { storyBatches } from './step-batches.js';
import { OurSide, type TrainingRules } from './step-ours.js';
import { babyShape, modelOf, type StepShape, stepCases, workOf } from './step-shape.js';

/** How well the preset `baby` (accumulation, dropout) keeps the speed of plain steps of its size. */
export interface BabyTiming {
  readonly shape: StepShape;
  /** Median milliseconds of a step. */
  readonly ms: number;
  readonly plainMs: number;
  /** 10⁹ floating-point operations per second. */
  readonly gflops: number;
  readonly plainGflops: number;
  /** `gflops` over `plainGflops`: 1 when dropout and sums of gradients cost nothing. */
  readonly ratio: number;
  /** Median milliseconds outside ONNX Runtime: masks, sums, clipping, AdamW. */
  readonly outside: number;
}

const rounds = 3;

/** Our steps of `baby` and of L in turn; one step of `baby` is 8 passes, so 8 steps of L stand against it. */
export async function timeBaby(rules: TrainingRules, activation: ActivationName, onRound?: (round: number) => void): Promise<BabyTiming> {
  const plainShape = stepCases.L.shape;
  const plain = await OurSide.create(modelOf(plainShape, activation), plainShape, rules, storyBatches(plainShape));
  try {
    const baby = await OurSide.create(modelOf(babyShape, activation), babyShape, rules, storyBatches(babyShape));
    try {
      const ms: number[] = [];
      const outside: number[] = [];
      const plainMs: number[] = [];
      // Round 0 warms both up and is not counted.
      for (let round = 0; round <= rounds; round++) {
        const block = await baby.run(round, 1);
        const plainBlock = await plain.run(round * babyShape.accumulate, round === 0 ? 1 : babyShape.accumulate);
        if (round === 0) continue;
        ms.push(...block.ms);
        outside.push(...block.outside);
        plainMs.push(...plainBlock.ms);
        onRound?.(round - 1);
      }
      const gflops = workOf(babyShape) / median(ms) / 1e6;
      const plainGflops = workOf(plainShape) / median(plainMs) / 1e6;
      return {
        shape: babyShape,
        ms: median(ms),
        plainMs: median(plainMs),
        gflops,
        plainGflops,
        ratio: gflops / plainGflops,
        outside: median(outside),
      };
    } finally {
      await baby.dispose();
    }
  } finally {
    await plain.dispose();
  }
}
