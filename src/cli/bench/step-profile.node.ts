import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenBatch } from '../../datasets/index.js';
import type { LanguageModel } from '../../models/index.js';
import { type EngineTensor, engineTensor, Session } from '../../runtime/index.js';
import { laneOf } from '../../train/lane-of.js';
import { traceLanes } from '../../train/lanes.js';
import { batchFeeds } from '../../train/worker/sessions.js';
import { type OpTimes, opTimes } from './op-times.js';
import type { StepShape } from './step-shape.js';

export const profilePrefix = 'operators';

/**
 * Runs a model's step program (without the update) under ONNX Runtime's profiler, and sums its time by kind of operator. Of
 * a step in lanes it is one lane's, with the other's core idle; of lanes that one worker runs in turn, all of them.
 * @param steps runs counted, after one that is not
 * @param folder for the profile, which is removed again
 */
export async function profileStep(
  model: LanguageModel,
  shape: StepShape,
  options: { readonly threads: number; readonly steps: number; readonly folder: string; readonly batches: (index: number) => TokenBatch },
): Promise<OpTimes> {
  const { threads, steps, folder, batches } = options;
  const step = { shape: { rows: shape.batch, length: shape.context } };
  const { program, lanes, workers } = traceLanes(model, step, { device: 'cpu', threads });
  const profile = join(folder, profilePrefix);
  const session = await Session.create(program.onnx, { device: 'cpu', threads: program.threads, optimize: false, profile });
  try {
    const parameters = model.parameters();
    const feeds: Record<string, EngineTensor> = {};
    const fetches: Record<string, EngineTensor | null> = { loss: null };
    for (const { input, name } of program.parameters) {
      const value = parameters.get(name)?.value;
      if (value === undefined) continue;
      feeds[input] = engineTensor('float32', value.data, value.shape);
      // Gradients go to memory of ours, as they do in training.
      fetches[`gradient:${name}`] = engineTensor('float32', new Float32Array(value.data.length), value.shape);
    }
    for (let index = 0; index <= steps; index++) {
      await session.run({ ...feeds, ...batchFeeds(program, laneOf(batches(index), 0, lanes)) }, fetches);
    }
    session.endProfiling();
  } finally {
    await session.dispose();
  }
  return times(await takeProfile(folder), lanes / workers);
}

/** The same of so many runs in a row. */
function times(one: OpTimes, runs: number): OpTimes {
  const kinds = one.kinds.map((k) => ({ ...k, nodes: runs * k.nodes, ms: runs * k.ms }));
  return { ...one, ms: runs * one.ms, kinds, between: runs * one.between };
}

/** Reads a profile that a session wrote in a folder under `profilePrefix`, and removes it. ONNX Runtime adds the time of day to the name. */
export async function takeProfile(folder: string): Promise<OpTimes> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${profilePrefix}_`)).sort();
  const paths = names.map((name) => join(folder, name));
  try {
    const path = paths.at(-1);
    return opTimes(path === undefined ? '' : await readFile(path, 'utf8'));
  } finally {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }
}
