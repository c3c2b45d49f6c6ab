import { startThread } from '#thread';
import { fail, HostArray } from '../core/index.js';
import { randomWindows, type TextData } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { EngineSettings, ProgramOptions } from '../runtime/index.js';
import { Evaluator } from './evaluate.js';
import { type AdamW, adamW } from './optimizer.js';
import { cosine, type Schedule } from './schedule.js';
import { type Loss, nextTokenLoss, parameterLayout, traceStep } from './step-program.js';
import type { StepOwner, StepReport, TrainingState } from './worker/protocol.js';
import { inOrder, remoteOwner } from './worker/rpc.js';
import { StepRunner } from './worker/runner.js';

export interface TrainOptions {
  /** Token ids to learn from, and to be judged on. */
  readonly data: TextData;
  readonly steps: number;
  /** Windows per step. */
  readonly batch: number;
  /** Windows per pass through the model; divides `batch`, whose passes' gradients add up. All at once by default. */
  readonly microBatch?: number;
  readonly optimizer?: AdamW;
  /** Factor of the learning rate by step; by default 100 steps of warm-up and a cosine to a tenth. */
  readonly schedule?: Schedule;
  /** Clips the global gradient norm; 1 by default, 0 for never. */
  readonly clip?: number;
  readonly seed?: number;
  /** Evaluates every so many steps, and at the end; 0: at the end only. */
  readonly evalEvery?: number;
  /** Where to go on from. */
  readonly resume?: { readonly step: number; readonly state: TrainingState };
  /** Stops after the step under way; the result says `stopped`. */
  readonly signal?: AbortSignal;
  readonly loss?: Loss;
  readonly device?: ProgramOptions['device'];
  readonly threads?: number;
  /** Settings of ONNX Runtime in the worker: in a page, where its WebAssembly files lie. */
  readonly engine?: EngineSettings;
  /** Runs in this thread instead of a worker's: for places that have none. */
  readonly inThread?: boolean;
  readonly onStep?: (report: TrainReport) => void;
  /** May take its time (sampling, saving): training waits. The model then holds the trained values. */
  readonly onEvaluation?: (report: EvaluationReport, run: TrainingRun) => void | Promise<void>;
}

export interface TrainReport extends StepReport {
  readonly lr: number;
  /** Tokens per second over the last steps, waiting included. */
  readonly tokensPerSecond: number;
}

export interface EvaluationReport {
  /** Steps done. */
  readonly step: number;
  readonly trainLoss: number;
  readonly valLoss: number;
}

/** What a callback may ask of the run under way. */
export interface TrainingRun {
  state(): Promise<TrainingState>;
}

export interface TrainResult extends EvaluationReport {
  readonly parameters: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** True when `signal` ended it early. */
  readonly stopped: boolean;
  /** The run's numbers at the end, to save and resume from. */
  readonly state: TrainingState;
}

/** Steps in flight: the next batches are with the worker before it asks. */
const ahead = 2;
/** The reported training loss is the mean over this many last steps. */
const window = 100;

/**
 * Trains a language model on tokens: the loop. Each step draws windows by (seed, step), runs the step program in the
 * worker that owns the numbers, and updates them there; this thread only feeds and listens.
 * The model's parameters hold the trained values afterwards.
 */
export async function train(model: LanguageModel, options: TrainOptions): Promise<TrainResult> {
  const { steps, batch, microBatch = batch, seed = 0, evalEvery = 0, optimizer = adamW(), signal } = options;
  checkOptions(options);
  const accumulate = batch / microBatch;
  const context = model.context;
  const schedule = options.schedule ?? cosine({ warmup: Math.min(100, Math.floor(steps / 10)), steps });
  const windows = randomWindows({ ids: options.data.train, context, batch: microBatch, seed });
  const programs: ProgramOptions = { device: options.device ?? 'cpu', threads: options.threads ?? 0 };
  const owner: StepOwner = options.inThread ? inOrder(new StepRunner()) : remoteOwner(startThread());
  const evaluator = new Evaluator(model, programs);
  const begun = performance.now();
  const losses: number[] = [];
  const first = options.resume?.step ?? 0;
  let done = first;
  let stepping = 0;

  const evaluate = async (): Promise<EvaluationReport> => ({
    step: done,
    trainLoss: losses.reduce((a, b) => a + b, 0) / losses.length,
    valLoss: await evaluator.evaluate(owner, options.data.validation),
  });

  try {
    await owner.setup({
      program: traceStep(model, { batch: microBatch, context }, options.loss ?? nextTokenLoss, programs),
      batch: microBatch,
      context,
      parameters: parameterLayout(model),
      values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()])),
      optimizer,
      clip: options.clip ?? 1,
      accumulate,
      seed,
      ...(options.engine && { engine: options.engine }),
    });
    evaluator.prepare(options.data.validation.length);
    if (options.resume !== undefined) await owner.restore(structuredClone(options.resume.state)); // a copy: arrays are transferred

    const inFlight: Promise<StepReport>[] = [];
    let next = first;
    const send = (): void => {
      const step = next++;
      const batches = Array.from({ length: accumulate }, (_, part) => windows(step * accumulate + part));
      const report = owner.step({ step, lr: optimizer.lr * schedule(step), batches });
      report.catch(() => {}); // the loop below meets the error when it waits for this step
      inFlight.push(report);
    };
    while (done < steps && !(signal?.aborted ?? false)) {
      const pause = evalEvery > 0 ? Math.min(steps, (Math.floor(done / evalEvery) + 1) * evalEvery) : steps;
      const from = performance.now();
      while (done < pause) {
        while (inFlight.length < ahead && next < pause && !(signal?.aborted ?? false)) send();
        const waiting = inFlight.shift();
        if (waiting === undefined) break;
        const report = await waiting;
        done++;
        losses.push(report.loss);
        if (losses.length > window) losses.shift();
        const perStep = report.milliseconds;
        options.onStep?.({ ...report, lr: optimizer.lr * schedule(report.step), tokensPerSecond: (batch * context * 1000) / perStep });
      }
      stepping += performance.now() - from;
      if (evalEvery > 0 && done < steps && done % evalEvery === 0 && options.onEvaluation !== undefined) {
        const report = await evaluate();
        await takeParameters(model, owner);
        await options.onEvaluation(report, owner);
      }
    }
    const last = await evaluate();
    const state = await owner.state();
    setParameters(model, state.parameters);
    await options.onEvaluation?.(last, owner);
    return {
      ...last,
      parameters: model.parameterCount,
      tokensPerSecond: ((done - first) * batch * context * 1000) / Math.max(1, stepping),
      seconds: (performance.now() - begun) / 1000,
      stopped: done < steps,
      state,
    };
  } finally {
    await owner.dispose();
  }
}

function checkOptions({ steps, batch, microBatch = batch, evalEvery = 0, clip = 1, device }: TrainOptions): void {
  const check = (ok: boolean, rule: string, got: string): void => {
    if (!ok) throw fail('value', { where: 'train', rule, got });
  };
  for (const [name, value] of Object.entries({ steps, batch, microBatch }))
    check(Number.isInteger(value) && value >= 1, `${name} is a whole number from 1`, String(value));
  check(Number.isInteger(batch / microBatch), 'a micro-batch that divides the batch', `batch ${batch}, microBatch ${microBatch}`);
  check(Number.isInteger(evalEvery) && evalEvery >= 0, 'evalEvery is a whole number, 0 for at the end only', String(evalEvery));
  check(clip >= 0, 'clip is at least 0, 0 for never', String(clip));
  if (device === 'webgpu') {
    throw fail('unsupported', {
      where: 'train',
      rule: 'training on the CPU',
      got: 'device webgpu',
      fix: 'Its optimizer in the graph is to come',
    });
  }
}

async function takeParameters(model: LanguageModel, owner: StepOwner): Promise<void> {
  setParameters(model, await owner.parameters());
}

function setParameters(model: LanguageModel, values: Readonly<Record<string, Float32Array>>): void {
  for (const [name, parameter] of model.parameters()) {
    const data = values[name];
    if (data !== undefined) parameter.value = new HostArray(data, parameter.shape, 'float32');
  }
}
