import { files } from '#files';
import { endTokenIds } from '../../checkpoints/index.js';
import { fail } from '../../core/index.js';
import { type LanguageModel, RecurrentLanguageModel, sizesOf, withDropout } from '../../models/index.js';
import { chatTemplateFile, type Tokenizer, tokenizerFromJson } from '../../tokenizers/index.js';
import { logitsPerRun } from '../../train/evaluate.js';
import { type Checkpoint, openCheckpoint } from '../checkpoint.js';
import { checkMemory } from './model.js';
import { completeSettings, type ModelSettings, type SettingFlags, type Settings } from './settings.js';

/** Rows of models that see more have so many tokens, if nothing else is said: attention and logits of all of it seldom fit. */
const usualLength = 1024;

/** A checkpoint to start from, and the settings of the run. */
export interface Start {
  readonly checkpoint: Checkpoint;
  readonly settings: Settings;
  /** With a chat template that lies in a file of its own. */
  readonly tokenizer: Tokenizer | undefined;
  /** Tokens that end its texts. */
  readonly endIds: readonly number[];
}

/**
 * Opens the checkpoint of `--from`. All that can be refused for what the model is, its size among it, is refused before its
 * weights are read.
 * @param advice what a task is known to be learned with
 * @throws value: flags that contradict the checkpoint; unsupported: a model that training cannot hold; tokenizer: none, and
 * none named; and as `openCheckpoint`
 */
export async function openStart(said: SettingFlags & { readonly from: string }, advice: SettingFlags): Promise<Start> {
  const where = `--from ${said.from}`;
  let settings: Settings | undefined;
  const checkpoint = await openCheckpoint(said.from, {
    onModel(found, config) {
      const model = found as LanguageModel;
      const shape = shapeOf({ model, config }, where);
      checkShapeFlags(said, shape, model, where);
      const mostRows = Math.max(1, Math.floor(logitsPerRun / ((said.context ?? shape.context) * model.vocabulary)));
      settings = completeSettings(said, { shape, advice, mostRows });
      checkMemory(withDropout(model, settings.dropout), settings);
    },
  });
  const { path, config, tokenizer } = checkpoint;
  if (tokenizer === undefined && said.tokenizer === undefined && (said.task ?? '') === '') {
    throw fail('tokenizer', {
      where,
      rule: 'a checkpoint with a tokenizer.json, whose ids its weights know',
      got: 'none',
      fix: 'Put it into the folder, or say --tokenizer: a folder that has it, or char, for a model that knows no text yet',
    });
  }
  const endIds = await endTokenIds(path, config);
  return { checkpoint, settings: settings as Settings, tokenizer: tokenizer && (await withChatTemplate(tokenizer, path)), endIds };
}

/** The tokenizer, in whose configuration the template stands that lay beside it. */
async function withChatTemplate(tokenizer: Tokenizer, path: string): Promise<Tokenizer> {
  const file = files.join(path, chatTemplateFile);
  if ((await files.stat(file)).kind !== 'file') return tokenizer;
  return tokenizerFromJson(tokenizer.toJson(), { ...(tokenizer.configJson as object), chat_template: await files.readText(file) }, path);
}

/**
 * The settings that the model of a checkpoint decides. `arch` is the name that `--arch` has for such models, else the
 * checkpoint's `model_type`; `context`, the tokens of a row, is the model's, but at most 1,024.
 * @throws unsupported: a model that does not predict what comes next
 */
function shapeOf({ model, config }: Pick<Checkpoint, 'model' | 'config'>, where: string): ModelSettings {
  if (model instanceof RecurrentLanguageModel && model.config.bidirectional) {
    throw fail('unsupported', {
      where,
      rule: 'a model that predicts the next token from those before it',
      got: 'bidirectional layers, which read from the end too',
      fix: 'Start from another model',
    });
  }
  const { arch = String(config.values.model_type), settings } = sizesOf(model, where);
  const { layers, heads, kvHeads = heads, width, hidden = 0, context, dropout, activation, tied, bias } = settings;
  const groups = kvHeads === heads ? 0 : kvHeads;
  const shape = { arch, layers, heads, kvHeads: groups, width, hidden, dropout, activation, untied: !tied, bias };
  return { ...shape, context: Math.min(context, usualLength) };
}

/** @throws value: flags that ask for another shape than the checkpoint's, or for rows of more tokens than its model sees */
function checkShapeFlags(said: SettingFlags, shape: ModelSettings, model: LanguageModel, where: string): void {
  if (said.context !== undefined && said.context > model.context) {
    throw fail('value', {
      where,
      rule: `a --context of at most ${model.context} tokens, which is what the model can see`,
      got: String(said.context),
      fix: 'Take a smaller one, or leave it out',
    });
  }
  const { heads, kvHeads } = shape;
  const sameHeads = said.kvHeads === (kvHeads || heads);
  const free: readonly string[] = ['dropout', 'context'] satisfies (keyof ModelSettings)[];
  const differing = (Object.keys(shape) as (keyof ModelSettings)[])
    .filter((name) => !free.includes(name) && said[name] !== undefined && said[name] !== shape[name])
    .filter((name) => name !== 'kvHeads' || !sameHeads)
    .filter((name) => name !== 'hidden' || said.hidden !== (model as { config?: { hidden?: number } }).config?.hidden)
    .map((name) => `${name} ${said[name]} instead of ${shape[name]}`);
  if (differing.length === 0) return;
  throw fail('value', {
    where,
    rule: "the checkpoint's own shape",
    got: differing.join(', '),
    fix: 'Leave these flags out: the shape comes with the weights',
  });
}

/**
 * The model that a run starts or goes on with: of the checkpoint's structure and weights, with the run's dropout.
 */
export function startModel(from: LanguageModel, settings: Settings): LanguageModel {
  const model = withDropout(from, settings.dropout);
  const values = from.parameters();
  for (const [name, parameter] of model.parameters()) {
    const source = values.get(name);
    if (source === undefined)
      throw fail('name', { where: 'startModel', rule: 'a model of the same parameters', got: `none called ${name}` });
    if (source.stored === undefined) parameter.value = source.value;
    else parameter.store(source.stored);
  }
  return model;
}
