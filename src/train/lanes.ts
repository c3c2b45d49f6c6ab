import { laneThreads } from '#lane';
import { fail } from '../core/index.js';
import type { BatchShape } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import { BatchNorm } from '../nn/index.js';
import { topological } from '../ops/graph.js';
import { input } from '../ops/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { type StepOptions, type TrainingProgram, traceStep } from './step-program.js';

/**
 * How a pass is computed: whole, or in two lanes of half of its rows each, whose losses and gradients add up. Lanes have
 * workers of their own where there are threads for them: operators that share a pass wait for each other's memory hundreds
 * of times a step, lanes meet once.
 */
export interface LanePlan {
  readonly lanes: 1 | 2;
  readonly workers: 1 | 2;
  /** What one lane computes, and the threads within its operators. */
  readonly shape: BatchShape;
  readonly threads: number;
}

/** Fewer tokens than this do not outweigh the exchange of gradients and parameters, which grows with the model alone. */
const leastTokens = 512;
/** A step of less work is over before two workers have met. */
const leastOperations = 5e8;
/** Each worker holds parameters and gradients: 8 bytes a parameter, and as many again on their way. */
const mostParameters = 2 ** 26;

/**
 * Whether a pass goes in lanes depends on the model, the batch and what was asked for alone, so that the numbers of a run do
 * not depend on the machine; who computes them does.
 * @param cores threads there are for workers; 1 where lanes cannot have their own
 * @throws value: two lanes are asked for, and the pass cannot be cut
 */
export function planLanes(model: LanguageModel, step: StepOptions, engine: ProgramOptions, cores: number): LanePlan {
  const { threads = 0 } = engine;
  if (!goesInLanes(model, step)) return { lanes: 1, workers: 1, shape: step.shape, threads };
  const usable = Math.min(cores, threads || cores);
  const shape = { ...step.shape, rows: step.shape.rows / 2 };
  return usable < 2 ? { lanes: 2, workers: 1, shape, threads } : { lanes: 2, workers: 2, shape, threads: Math.floor(usable / 2) };
}

function goesInLanes(model: LanguageModel, step: StepOptions): boolean {
  const { shape, whole = false, lanes = 0 } = step;
  if (whole || lanes === 1 || (lanes === 0 && !pays(model, shape))) return false;
  const obstacle = obstacleOf(model, step);
  if (lanes === 0) return obstacle === undefined && !isLoop(model, shape);
  if (obstacle === undefined) return true;
  throw fail('value', {
    where: 'train',
    rule: "two lanes of an even number of rows, without batch norms or a loss of one's own",
    got: obstacle,
    fix: 'Leave lanes out',
  });
}

function pays({ parameterCount }: LanguageModel, { rows, length }: BatchShape): boolean {
  const tokens = rows * length;
  return tokens >= leastTokens && parameterCount <= mostParameters && 6 * parameterCount * tokens >= leastOperations;
}

/** What keeps a pass from being cut into two that add up, if anything. */
function obstacleOf(model: LanguageModel, { shape: { rows }, loss }: StepOptions): string | undefined {
  // It may compare rows with each other; the tokens' losses only add up.
  if (loss !== undefined) return "a loss of one's own";
  if (rows % 2 !== 0) return `${rows} rows`;
  return joinsRows(model) ? 'batch norms' : undefined;
}

/** What a run's workers are set up with: the program of one lane, how many runs of it are a pass, and who runs it. */
export interface TracedLanes extends Pick<LanePlan, 'lanes' | 'workers'> {
  readonly program: TrainingProgram;
}

/** Traces a step as it goes in lanes. @param plan where it is known already; by default what suits the machine */
export function traceLanes(
  model: LanguageModel,
  step: StepOptions,
  engine: ProgramOptions,
  plan: LanePlan = planLanes(model, step, engine, laneThreads()),
): TracedLanes {
  const { lanes, workers, shape, threads } = plan;
  return { program: traceStep(model, { ...step, shape }, { ...engine, threads }), lanes, workers };
}

/** Batch norms take their statistics over all rows of a pass. */
function joinsRows(model: LanguageModel): boolean {
  return [...model.parameters()].some(([, p]) => p.owner instanceof BatchNorm);
}

/** A loop's many small operators take nearly as long on half of the rows: one worker would run them twice. */
function isLoop(model: LanguageModel, { rows, length }: BatchShape): boolean {
  return topological([model.forward(input('inputs', [rows, length], 'int32'))]).some((node) => node.op.name === 'scan');
}
