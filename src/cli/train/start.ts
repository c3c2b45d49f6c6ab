import { fail } from '../../core/index.js';
import { type LanguageModel, RecurrentLanguageModel, sizesOf, withDropout } from '../../models/index.js';
import type { Checkpoint } from '../checkpoint.js';
import { checkMemory } from './model.js';
import type { ModelSettings, SettingFlags, Settings } from './settings.js';

/** Rows of models that see more have so many tokens, if nothing else is said: attention and logits of all of it seldom fit. */
const usualLength = 1024;

/**
 * The settings that the model of a checkpoint decides. `arch` is the name that `--arch` has for such models, else the
 * checkpoint's `model_type`; `context`, the tokens of a row, is the model's, but at most 1,024.
 * @throws unsupported: a model that does not predict what comes next
 */
export function shapeOf({ model, config }: Checkpoint, where: string): ModelSettings {
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
export function checkShapeFlags(said: SettingFlags, shape: ModelSettings, model: LanguageModel, where: string): void {
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
 * @throws unsupported: more numbers than training can hold
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
  checkMemory(model, settings);
  return model;
}
