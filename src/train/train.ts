import { laneThreads } from '#lane';
import { startThread } from '#thread';
import { HeadlightError, HostArray } from '../core/index.js';
import { asTrainingData, type TokenBatch, type TrainingData } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { AttentionWatch } from './attention-watch.js';
import { checkedBatches } from './check-batch.js';
import { ownerOn } from './device/owner.js';
import { Evaluator } from './evaluate.js';
import { applyGroups, type GroupedParameter } from './groups.js';
import { Guard, recoveryOf, SpikeError } from './guard.js';
import { laneOf } from './lane-of.js';
import { type LanePlan, planLanes, traceLanes } from './lanes.js';
import { adamW, ruleOf } from './optimizers/index.js';
import { checkOptions, type EvaluationReport, type RunPoint, type TrainOptions, type TrainResult } from './options.js';
import { cosine } from './schedule.js';
import { StepFeed } from './step-feed.js';
import { parameterShapes, passLoss, type StepOptions } from './step-program.js';
import { findFault } from './watch/fault.js';
import { findGrowth } from './watch/growth.js';
import type { Setup, StepOwner, StepReport } from './worker/protocol.js';
import { inOrder, remoteOwner } from './worker/rpc.js';

/** The reported training loss is the mean over this many last steps. */
const window = 100;

/**
 * Trains a language model: the loop. Each step draws its rows by (seed, step), runs the step program in the worker, or the
 * two, that own the numbers, and updates them there; this thread only feeds and listens. The model's parameters hold the trained
 * values afterwards.
 */
export async function train(model: LanguageModel, options: TrainOptions): Promise<TrainResult> {
  checkOptions(options, model.context);
  const { steps, batch, microBatch = batch, seed = 0, evalEvery = 0, optimizer = adamW(), signal, watchEvery = 0, resume } = options;
  const { length = model.context } = options;
  const saveEvery = options.saveEvery ?? evalEvery;
  const schedule = options.schedule ?? cosine({ warmup: Math.min(100, Math.floor(steps / 10)), steps });
  const data = asTrainingData(options.data);
  const engine: ProgramOptions = { device: options.device ?? 'cpu', threads: options.threads ?? 0 };
  const step = stepOptions(model, options, data);
  const { shape } = step;
  const { packed, hasIgnored, inputRange } = data;
  const rules = { packed, hasIgnored, shape, vocabulary: model.vocabulary, ...(inputRange !== undefined && { inputRange }) };
  const draw = checkedBatches(data.batches(shape, seed), rules);
  const parameters = applyGroups(parameterShapes(model), options.groups);
  const evaluator = new Evaluator(model, data, engine, length);
  const attention = options.watchAttention ? new AttentionWatch(model, data, engine, length) : undefined;
  const guard = new Guard(options.guard, resume?.losses);
  const tokensPerStep = batch * length;
  const stopping = (): boolean => signal?.aborted ?? false;
  const plan = planLanes(model, step, engine, options.inThread ? 1 : laneThreads());
  const owner: StepOwner = options.inThread ? inOrder(ownerOn(engine.device)) : remoteOwner(startThread(engine.device));
  const accumulate = batch / microBatch;
  const feed = new StepFeed(owner, { draw, accumulate, schedule, watchEvery, onGradients: options.onGradients });
  const begun = performance.now();
  const first = resume?.step ?? 0;
  let done = first;
  let losses: number[] = [...(resume?.losses ?? [])];
  feed.skipped = resume?.skipped ?? 0;

  const point = async (): Promise<RunPoint> => ({ step: done, skipped: feed.skipped, losses: [...losses], state: await owner.state() });

  const evaluate = async (): Promise<EvaluationReport> => {
    const { loss, exactMatch } = await evaluator.evaluate(owner, data.evaluation(evaluator.shape));
    const learned = data.trainEvaluation && (await evaluator.evaluate(owner, data.trainEvaluation(evaluator.shape)));
    const report = {
      step: done,
      trainLoss: meanOf(losses),
      valLoss: loss,
      ...(exactMatch !== undefined && { exactMatch }),
      ...(learned?.exactMatch !== undefined && { trainExactMatch: learned.exactMatch }),
      ...(attention && { attentionEntropy: await attention.measure(owner) }),
    };
    setParameters(model, await owner.parameters({ current: false }));
    await options.onEvaluation?.(report);
    return report;
  };

  const save = async (evaluation: EvaluationReport | undefined): Promise<void> => {
    if (guard.needsPoints) guard.remember(await point());
    if (options.onSave === undefined) return;
    if (evaluation === undefined) setParameters(model, await owner.parameters({ current: false }));
    await options.onSave({ step: done, evaluation, point });
  };

  /** A step's runs of the program as the fault finders repeat them. */
  const passOf = (at: number) => ({
    model,
    loss: passLoss({ ...step, shape: plan.shape }),
    shape: plan.shape,
    seed,
    pass: feed.drawOf(at) * accumulate * plan.lanes,
    ...engine,
  });
  const runsOf = async (at: number): Promise<TokenBatch[]> =>
    (await feed.batchesOf(at)).flatMap((rows) => Array.from({ length: plan.lanes }, (_, lane) => laneOf(rows, lane, plan.lanes)));

  const meetSpike = async ({ step: at, loss }: StepReport): Promise<void> => {
    const spike = guard.push(at, loss);
    if (spike === undefined) return;
    const before = guard.good?.state.parameters;
    const after = await owner.parameters({ current: true });
    const growth = before && (await findGrowth({ ...passOf(at), before, after, batches: await runsOf(at) }));
    const error = new SpikeError(at, spike, growth);
    if (guard.stopsAtSpikes) throw error;
    await options.onRecovery?.(recoveryOf(error, { action: 'report', step: at, from: done }));
  };

  /** Goes back to the last good point, or gives up with an error that names what broke first. */
  const recover = async (error: unknown): Promise<void> => {
    const cause = error instanceof HeadlightError && error.code === 'numeric' ? await explain(error) : error;
    const good = guard.recover(cause);
    const broken = cause instanceof SpikeError ? done - 1 : done; // a spike's step was done, a fault's was not
    await owner.restore(structuredClone(good.state)); // a copy: arrays are transferred
    feed.skipped += broken + 1 - good.step;
    done = good.step;
    losses = [...good.losses];
    await options.onRecovery?.(recoveryOf(cause as Error, { action: 'rollback', step: broken, from: done }));
    await save(undefined); // a resumed run must know which batches are skipped
  };

  const explain = async (error: HeadlightError): Promise<HeadlightError> => {
    if (error instanceof SpikeError) return error;
    // The worker made no update from the step that failed, nor from those behind it.
    const values = await owner.parameters({ current: true });
    const search = async () => findFault({ ...passOf(done), values, batches: await runsOf(done) });
    // A search that fails, for want of memory say, must not hide what it was about.
    const found = await search().catch(() => undefined);
    return found === undefined ? error : atStep(done, found);
  };

  try {
    await owner.setup(setupOf(model, options, { step, parameters, engine, plan }));
    evaluator.prepare();
    if (resume !== undefined) await owner.restore(structuredClone(resume.state));
    if (guard.needsPoints) guard.remember(await point());
    let stepping = 0;

    while (done < steps && !stopping()) {
      const pause = Math.min(steps, nextMultiple(done, evalEvery), nextMultiple(done, saveEvery));
      const from = performance.now();
      try {
        for await (const report of feed.run(done, pause, stopping)) {
          done++;
          losses.push(report.loss);
          if (losses.length > window) losses.shift();
          const lr = optimizer.lr * schedule(report.step);
          options.onStep?.({ ...report, lr, tokensPerSecond: (tokensPerStep * 1000) / report.milliseconds });
          await meetSpike(report);
        }
      } catch (error) {
        await recover(error);
        continue;
      } finally {
        stepping += performance.now() - from;
      }
      if (done === steps || stopping()) break;
      const evaluation = isMultiple(done, evalEvery) ? await evaluate() : undefined;
      if (isMultiple(done, saveEvery)) await save(evaluation);
    }
    // A run that is stopped is only saved: an evaluation here would make it another run than one that was never stopped.
    const last = done < steps ? { step: done, trainLoss: meanOf(losses), valLoss: Number.NaN } : await evaluate();
    if (done < steps) setParameters(model, await owner.parameters({ current: false }));
    await save(done < steps ? undefined : last);
    return {
      ...last,
      parameters: model.parameterCount,
      tokensPerSecond: ((done - first) * tokensPerStep * 1000) / Math.max(1, stepping),
      seconds: (performance.now() - begun) / 1000,
      stopped: done < steps,
      point: await point(),
    };
  } finally {
    await owner.dispose();
  }
}

/** What a step computes. */
function stepOptions(
  model: LanguageModel,
  { batch, microBatch = batch, length = model.context, loss, labelSmoothing, device, lanes = 0 }: TrainOptions,
  data: TrainingData,
): StepOptions {
  const { packed, hasIgnored, targetsPerRow } = data;
  const shape = { rows: microBatch, length, ...(targetsPerRow !== undefined && { targets: targetsPerRow }) };
  return { shape, packed, hasIgnored, lanes, whole: device === 'webgpu', ...(loss && { loss }), ...(labelSmoothing && { labelSmoothing }) };
}

/** What the worker begins with. */
function setupOf(
  model: LanguageModel,
  { batch, microBatch = batch, optimizer = adamW(), clip = 1, average = 0, seed = 0, engine: settings }: TrainOptions,
  {
    step,
    parameters,
    engine,
    plan,
  }: { step: StepOptions; parameters: readonly GroupedParameter[]; engine: ProgramOptions; plan: LanePlan },
): Setup {
  const frozen = new Set(parameters.filter((p) => p.frozen).map((p) => p.name));
  const trained = parameters.filter((p) => !p.frozen);
  return {
    ...traceLanes(model, { ...step, frozen }, engine, plan),
    parameters,
    values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()])),
    optimizer,
    // On a device the whole update is one graph, which its owner makes.
    optimizerPrograms: (engine.device === 'cpu' && ruleOf(optimizer).programs?.(optimizer, trained)) || [],
    clip,
    accumulate: batch / microBatch,
    average,
    seed,
    ...(settings && { engine: settings }),
  };
}

/** The error of a search for a fault, saying at which step. */
function atStep(step: number, error: HeadlightError): HeadlightError {
  error.message = `training step ${step}, ${error.message}`;
  return error;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function isMultiple(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}

function nextMultiple(step: number, every: number): number {
  return every > 0 ? (Math.floor(step / every) + 1) * every : Number.POSITIVE_INFINITY;
}

function setParameters(model: LanguageModel, values: Readonly<Record<string, Float32Array>>): void {
  for (const [name, parameter] of model.parameters()) {
    const data = values[name];
    if (data !== undefined) parameter.value = new HostArray(data, parameter.shape, 'float32');
  }
}
