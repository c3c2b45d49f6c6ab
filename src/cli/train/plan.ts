import { files } from '#files';
import { endTokenIds } from '../../checkpoints/index.js';
import { fail, HostArray } from '../../core/index.js';
import type { TrainingData } from '../../datasets/index.js';
import type { LanguageModel } from '../../models/index.js';
import { loadTokenizer, type Tokenizer } from '../../tokenizers/index.js';
import { loadRecord, loadRun } from '../../train/index.js';
import { openCheckpoint } from '../checkpoint.js';
import { checkNewFolder } from '../output-path.js';
import { type DataRecord, type PreparedData, type PrepareOptions, prepareTask, prepareTexts, sameTexts, tokenizerHash } from './data.js';
import { buildModel } from './model.js';
import type { ResumedRun } from './resumed-run.js';
import { resumeSettings } from './resumed-settings.js';
import { freeFolder } from './run-name.js';
import { completeSettings, type SettingFlags, type Settings } from './settings.js';
import { openStart, startModel } from './start.js';
import { adviceOf } from './task-advice.js';

/** A run, ready to begin: everything is read and checked, nothing is written. */
export interface TrainingPlan {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Tokens that end the model's texts, where it was not the tokenizer's `eos_token` alone that said so. */
  readonly endIds?: readonly number[];
  readonly data: TrainingData;
  readonly dataRecord: DataRecord;
  readonly settings: Settings;
  readonly folder: string;
  /** Whether the folder is to be made. */
  readonly isNew: boolean;
  /** What samples go on from. */
  readonly prompt: readonly number[];
  /** Of tasks: a question to try the model with. */
  readonly example?: PreparedData['example'];
  readonly resume?: ResumedRun;
}

/** Plans a new run. @throws every kind of bad input, before anything is written */
export async function planNewRun(
  sources: readonly string[],
  said: SettingFlags,
  out: string | undefined,
  options: PrepareOptions = {},
): Promise<TrainingPlan> {
  const isTask = (said.task ?? '') !== '';
  if (isTask && sources.length > 0) {
    throw fail('value', {
      where: '--task',
      rule: 'a task, or data to learn from',
      got: `both: ${sources.join(', ')}`,
      fix: 'Leave one out',
    });
  }
  const folder = out ?? (await freeFolder(isTask ? (said.task as string) : (sources[0] as string)));
  await checkNewFolder(folder);
  const advice = isTask ? adviceOf(said.task as string) : {};
  const start = said.from ? await openStart({ ...said, from: said.from }, advice) : undefined;
  const { settings = completeSettings(said, { advice }) } = start ?? {};
  const given = said.tokenizer === undefined ? start?.tokenizer : undefined;
  const prepared = await (isTask ? prepareTask(settings) : prepareTexts(sources, settings, given, options));
  const { tokenizer, data, record, prompt, example } = prepared;
  const from = start?.checkpoint.model;
  if (from && tokenizer.size > from.vocabulary) {
    throw fail('tokenizer', {
      where: `--from ${said.from}`,
      rule: `a tokenizer of at most ${from.vocabulary} tokens, the model's vocabulary`,
      got: String(tokenizer.size),
      fix: 'Leave --tokenizer out, or name the folder of the tokenizer that belongs to the model',
    });
  }
  if (start?.tokenizer !== undefined && (await tokenizerHash(tokenizer)) !== (await tokenizerHash(start.tokenizer))) {
    throw fail('tokenizer', {
      where: `--from ${said.from}`,
      rule: 'the tokenizer that the weights were trained with',
      got: isTask ? `that of --task ${said.task}` : `another: --tokenizer ${said.tokenizer}`,
      fix: isTask ? 'Start from a model of this task' : 'Leave --tokenizer out',
    });
  }
  const model = from ? startModel(from, settings) : buildModel(settings, tokenizer.size, said);
  data.batches({ rows: settings.microBatch, length: settings.context }, settings.seed); // rows that cannot be made show now
  const dataRecord = { ...record, vocabulary: model.vocabulary };
  const { endIds } = start ?? {};
  const made = { model, tokenizer, data, dataRecord, settings, folder, isNew: true, prompt };
  return { ...made, ...(endIds && { endIds }), ...(example && { example }) };
}

/**
 * Plans to go on with a run, or, from one of its checkpoints, with a copy of it.
 *
 * @param sources stand for the data where they have moved
 * @param out the new folder, where it goes on from a checkpoint
 */
export async function planResumedRun(
  from: string,
  said: SettingFlags,
  sources: readonly string[],
  options: PrepareOptions & { readonly out?: string | undefined } = {},
): Promise<TrainingPlan> {
  await checkRunFolder(from);
  const run = await runOfCheckpoint(from);
  if (options.out !== undefined && run === undefined && files.resolve(options.out) !== files.resolve(from)) {
    throw fail('value', {
      where: `--resume ${from}`,
      rule: 'a run that goes on in its own folder',
      got: `--out ${options.out}`,
      fix: 'Leave --out out; from a checkpoint of the run, checkpoints/step-N, it may be given',
    });
  }
  const record = await loadRecord(from);
  const settings = resumeSettings(record.settings, said, from);
  const dataRecord = dataRecordOf(record.settings.data, from);
  if (record.step >= settings.steps) {
    throw fail('value', {
      where: `--resume ${from}`,
      rule: 'a run that is not finished',
      got: `step ${record.step} of ${settings.steps}`,
      fix: `Start a new run from its weights with --from ${from}`,
    });
  }
  const folder = run === undefined ? from : (options.out ?? (await freeFolder(run)));
  if (run !== undefined) await checkNewFolder(folder);
  const tokenizer = await loadTokenizer(from);
  if (tokenizer === undefined) throw fail('tokenizer', { where: from, rule: "the run's tokenizer.json", got: 'none', fix: 'Put it back' });
  if ((await tokenizerHash(tokenizer)) !== dataRecord.tokenizer) {
    throw fail('tokenizer', {
      where: `--resume ${from}`,
      rule: 'the tokenizer that the run began with',
      got: `a tokenizer.json of another${tokenizer.size === dataRecord.vocabulary ? '' : `, of ${tokenizer.size} tokens; the model knows ${dataRecord.vocabulary}`}`,
      fix: 'Put back the one that was there',
    });
  }
  // What a run starts from may be what settings cannot build; its own folder says what that was.
  const model =
    settings.from === ''
      ? buildModel(settings, dataRecord.vocabulary)
      : startModel((await openCheckpoint(from, { inPlace: true })).model, settings);
  const { point } = await loadRun(from, model);
  for (const [name, p] of model.parameters()) p.value = new HostArray(point.state.parameters[name] as Float32Array, p.shape, 'float32');
  const names = sources.length > 0 ? sources : dataRecord.sources;
  const onContent: PrepareOptions['onContent'] = (content) => {
    if (sameTexts(dataRecord, content)) return;
    throw fail('value', {
      where: `--resume ${from}`,
      rule: `the data that the run began with, ${dataRecord.sources.join(', ')}`,
      got: changedText(dataRecord, content),
      fix: `Name the unchanged data, in their order, before --resume, or start a new run with --from ${from}`,
    });
  };
  const prepared = await (settings.task === ''
    ? prepareTexts(names, settings, tokenizer, { ...options, onContent })
    : prepareTask(settings));
  const { bestValLoss, bestStep } = record;
  const { data, prompt, example } = prepared;
  const resume: ResumedRun = { point, bestValLoss, bestStep, from, ...(run !== undefined && { run }) };
  const endIds = settings.from === '' ? undefined : await endTokenIds(from);
  const made = { model, tokenizer, data, dataRecord, settings, folder, isNew: run !== undefined, prompt, resume };
  return { ...made, ...(endIds && { endIds }), ...(example && { example }) };
}

/** Which of the data are others than a run began with. */
function changedText({ hashes }: DataRecord, now: Pick<DataRecord, 'sources' | 'hashes'>): string {
  if (hashes.length !== now.hashes.length) return `${now.hashes.length} instead of ${hashes.length}`;
  const changed = now.sources.filter((_, i) => now.hashes[i] !== hashes[i]);
  return `${changed.join(', ')}, whose content is another`;
}

async function checkRunFolder(folder: string): Promise<void> {
  if ((await files.stat(files.join(folder, 'trainer.json'))).kind === 'file') return;
  throw fail('file', {
    where: `--resume ${folder}`,
    rule: 'the folder of a run, with a trainer.json',
    got: (await files.stat(folder)).kind === 'missing' ? 'no such folder' : 'none',
    fix: "Start a new run from a model's weights with --from",
  });
}

/** The run that a checkpoint folder, RUN/checkpoints/step-N, belongs to. */
async function runOfCheckpoint(folder: string): Promise<string | undefined> {
  const run = /^(.+)[/\\]checkpoints[/\\]step-\d+[/\\]*$/.exec(files.resolve(folder))?.[1];
  return run !== undefined && (await files.stat(files.join(run, 'trainer.json'))).kind === 'file' ? run : undefined;
}

function dataRecordOf(value: unknown, folder: string): DataRecord {
  const { sources, hashes, tokenizer, vocabulary } = (value ?? {}) as Partial<DataRecord>;
  const isWhole = Array.isArray(sources) && Array.isArray(hashes) && typeof tokenizer === 'string' && Number.isInteger(vocabulary);
  if (isWhole) return value as DataRecord;
  throw fail('checkpoint', {
    where: folder,
    rule: 'a run of this version, whose "data" has sources, hashes, tokenizer and vocabulary',
    got: JSON.stringify(value) ?? 'none',
    fix: `Start a new run from its weights with --from ${folder}`,
  });
}
