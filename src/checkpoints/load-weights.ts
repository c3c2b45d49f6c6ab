import { fail, HeadlightError } from '../core/index.js';
import type { Module } from '../nn/index.js';
import type { Architecture } from './architectures/architecture.js';
import type { Config } from './config.js';
import { type LoadReport, loadReport } from './load-report.js';
import { checkReport, matchCheckpoint } from './match.js';
import type { CheckpointSource } from './source.js';
import { storeWeights } from './stored-weights.js';
import { type Assigned, readWeights } from './weights.js';

export interface LoadOptions {
  /** Globs of tensors of the file that may be left unread, such as another task's head: `['score.*']`. */
  readonly ignore?: readonly string[];
  /** Globs of our parameters that may keep their first, random values where the file has none, such as a new head. */
  readonly allowMissing?: readonly string[];
  /**
   * Leaves weights in files until they are asked for; a decoder has the engine read them there. Float32 weights stay in
   * their own, which must stay as it is for as long; others are widened into one that goes with the process, in the cache
   * folder. For programs that only run a model.
   */
  readonly inPlace?: boolean;
  /** Gets the model before its weights are read, so that one which is too large can be refused. */
  readonly onModel?: (model: Module, config: Config) => void;
}

/**
 * The model of an open checkpoint of an architecture. Tensors are read one at a time: the weights are in memory once.
 * @throws checkpoint: settings or tensors that do not fit, each named
 */
export async function loadWeights<M extends Module>(
  source: CheckpointSource,
  architecture: Architecture<M>,
  { ignore = [], allowMissing = [], inPlace = false, onModel }: LoadOptions,
): Promise<{ readonly model: M; readonly report: LoadReport }> {
  const { model, ignore: buffers, tied } = readModel(architecture, source);
  onModel?.(model, source.config);
  const parameters = model.parameters();
  const expected = new Map([...parameters].map(([name, p]) => [name, p.shape] as const));
  const match = matchCheckpoint({
    expected,
    file: source,
    map: architecture.names,
    ignore: [...buffers, ...ignore],
    allowMissing,
    tied,
    optionalPrefix: architecture.optionalPrefix,
  });
  checkReport(match, source.path);
  const assigned = [...parameters].flatMap(([name, parameter]): Assigned[] => {
    const assignment = match.assign.get(name);
    return assignment === undefined ? [] : [[parameter, assignment]];
  });
  if (inPlace) await storeWeights(source, assigned);
  else await readWeights(source, assigned);
  return { model, report: loadReport(source, match) };
}

/** A configuration of numbers that no model can have, such as a width that its heads do not divide, is the checkpoint's fault. */
function readModel<M extends Module>(architecture: Architecture<M>, source: CheckpointSource): ReturnType<Architecture<M>['read']> {
  const { config } = source;
  try {
    return architecture.read(config, source);
  } catch (error) {
    if (!(error instanceof HeadlightError) || ['file', 'checkpoint', 'unsupported'].includes(error.code)) throw error;
    throw fail('checkpoint', { where: config.path, rule: 'settings that a model can have', got: error.message, cause: error });
  }
}
