import { files } from '#files';
import { fail, HostArray } from '../../core/index.js';
import { splitTokens, type TextData } from '../../datasets/index.js';
import type { LanguageModel } from '../../models/index.js';
import { loadTokenizer, type Tokenizer, trainCharacterTokenizer } from '../../tokenizers/index.js';
import { loadRecord, loadRun, type TrainingState } from '../../train/index.js';
import { openCheckpoint } from '../checkpoint.js';
import { checkNewFolder } from '../output-path.js';
import { builtInStories, encodeAll, hashIds, readSource } from '../source.js';
import { buildModel, checkShapeFlags, copyParameters, shapeOf } from './model.js';
import { completeSettings, resumeSettings, type SettingFlags, type Settings } from './settings.js';

/** What a run learns from, as `trainer.json` keeps it. */
export interface DataRecord {
  /** As the person named it. */
  readonly source: string;
  /** SHA-256 of the token ids. */
  readonly hash: string;
  /** Tokens that the model knows. */
  readonly vocabulary: number;
}

/** A run, ready to begin: everything is read and checked, nothing is written. */
export interface TrainingPlan {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly data: TextData;
  readonly dataRecord: DataRecord;
  readonly settings: Settings;
  readonly folder: string;
  readonly resume?: { readonly step: number; readonly state: TrainingState; readonly bestValLoss: number | null };
}

/** Plans a new run. @throws every kind of bad input, before anything is written */
export async function planNewRun(source: string, said: SettingFlags, out: string | undefined): Promise<TrainingPlan> {
  const folder = out ?? (await freeFolder(source));
  await checkNewFolder(folder);
  const start = said.from === undefined ? undefined : await openCheckpoint(said.from);
  const shape = start && shapeOf(start.model, said.from as string);
  if (shape) checkShapeFlags(said, shape, said.from as string);
  const settings = completeSettings(said, shape);
  const text = await readSource(source);
  const tokenizer = said.tokenizer === undefined && start?.tokenizer ? start.tokenizer : await tokenizerOf(settings, text);
  if (start && tokenizer.size > start.model.vocabulary) {
    throw fail('tokenizer', {
      where: `--from ${said.from}`,
      rule: `a tokenizer of at most ${start.model.vocabulary} tokens, the model's vocabulary`,
      got: String(tokenizer.size),
      fix: 'Leave --tokenizer out, or name the folder of the tokenizer that belongs to the model',
    });
  }
  const model = buildModel(settings, start?.model.vocabulary ?? tokenizer.size);
  if (start) copyParameters(start.model, model);
  const ids = encodeAll(tokenizer, text);
  const data = splitTokens(ids, { context: model.context });
  const dataRecord = { source, hash: await hashIds(ids), vocabulary: model.vocabulary };
  return { model, tokenizer, data, dataRecord, settings, folder };
}

/** Plans to go on with a run. `source` stands for the data where they have moved. */
export async function planResumedRun(folder: string, said: SettingFlags, source: string | undefined): Promise<TrainingPlan> {
  if ((await files.stat(files.join(folder, 'trainer.json'))).kind !== 'file') {
    throw fail('file', {
      where: `--resume ${folder}`,
      rule: 'the folder of a run, with a trainer.json',
      got: (await files.stat(folder)).kind === 'missing' ? 'no such folder' : 'none',
      fix: "Start a new run from a model's weights with --from",
    });
  }
  const { step, settings: kept, bestValLoss } = await loadRecord(folder);
  const settings = resumeSettings(kept, said, folder);
  const dataRecord = dataRecordOf(kept.data, folder);
  if (step >= settings.steps) {
    throw fail('value', {
      where: `--resume ${folder}`,
      rule: 'a run that is not finished',
      got: `step ${step} of ${settings.steps}`,
      fix: `Start a new run from its weights with --from ${folder}`,
    });
  }
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer === undefined)
    throw fail('tokenizer', { where: folder, rule: "the run's tokenizer.json", got: 'none', fix: 'Put it back' });
  const model = buildModel(settings, dataRecord.vocabulary);
  const { state } = await loadRun(folder, model);
  for (const [name, p] of model.parameters()) p.value = new HostArray(state.parameters[name] as Float32Array, p.shape, 'float32');
  const ids = encodeAll(tokenizer, await readSource(source ?? dataRecord.source));
  if ((await hashIds(ids)) !== dataRecord.hash) {
    throw fail('value', {
      where: `--resume ${folder}`,
      rule: `the data that the run began with, ${dataRecord.source}`,
      got: `${source ?? dataRecord.source}, whose text is another`,
      fix: `Name the unchanged data before --resume, or start a new run with --from ${folder}`,
    });
  }
  const data = splitTokens(ids, { context: model.context });
  return { model, tokenizer, data, dataRecord, settings, folder, resume: { step, state, bestValLoss } };
}

function dataRecordOf(value: unknown, folder: string): DataRecord {
  const { source, hash, vocabulary } = (value ?? {}) as Partial<DataRecord>;
  if (typeof source === 'string' && typeof hash === 'string' && Number.isInteger(vocabulary)) return value as DataRecord;
  const got = JSON.stringify(value) ?? 'none';
  throw fail('checkpoint', { where: folder, rule: 'a run of this version, whose "data" has source, hash and vocabulary', got });
}

async function tokenizerOf({ tokenizer }: Settings, text: string): Promise<Tokenizer> {
  if (tokenizer === 'char') return trainCharacterTokenizer(text);
  const loaded = await loadTokenizer(tokenizer);
  if (loaded !== undefined) return loaded;
  throw fail('tokenizer', { where: '--tokenizer', rule: 'char, or a folder with a tokenizer.json', got: tokenizer, fix: 'Check the path' });
}

/** `runs/NAME-YYYYMMDD-HHMMSS`. */
async function freeFolder(source: string): Promise<string> {
  const name =
    source === builtInStories
      ? source
      : (source
          .split(/[/\\]/)
          .filter((part) => part !== '')
          .at(-1) ?? 'run');
  const stem = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}_-]+/gu, '-') || 'run';
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  for (let n = 1; ; n++) {
    const folder = files.join('runs', `${stem}-${time}${n === 1 ? '' : `-${n}`}`);
    if ((await files.stat(folder)).kind === 'missing') return folder;
  }
}
