import { fail, nearest } from '../../core/index.js';
import { GPT2, type LanguageModel } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { parameterLayout } from '../../train/step-program.js';
import { layOut } from '../../train/storage.js';
import type { ModelSettings, SettingFlags, Settings } from './settings.js';

/** What the command can build, by name. */
const builders: Readonly<Record<string, (settings: Settings, vocabulary: number) => LanguageModel>> = {
  gpt2: ({ layers, heads, width, context, dropout, activation, untied, bias, seed }, vocabulary) =>
    new GPT2({ vocabulary, layers, heads, width, context, dropout, activation: activation as ActivationName, tied: !untied, bias, seed }),
};

/**
 * A new model of these settings.
 *
 * @throws unsupported: an architecture we do not build; name: an activation we do not know; shape: sizes that do not fit together;
 * unsupported: more parameters than training can hold
 */
export function buildModel(settings: Settings, vocabulary: number): LanguageModel {
  const { arch, activation, batch, microBatch } = settings;
  const build = Object.hasOwn(builders, arch) ? builders[arch] : undefined;
  if (build === undefined) {
    throw fail('unsupported', {
      where: '--arch',
      rule: `one of ${Object.keys(builders).join(', ')}`,
      got: JSON.stringify(arch),
      fix: 'Models of your own are trained from code: see recipes/own-model',
    });
  }
  if (!Object.hasOwn(activations, activation)) {
    const known = Object.keys(activations);
    throw fail('name', {
      where: '--activation',
      rule: `one of ${known.join(', ')}`,
      got: JSON.stringify(activation),
      fix: `Nearest: ${nearest(activation, known, 1)}`,
    });
  }
  const model = build(settings, vocabulary);
  layOut(parameterLayout(model), [], batch > microBatch);
  return model;
}

/** The settings that a checkpoint's model decides. @throws unsupported: a model that this command cannot build */
export function shapeOf(model: LanguageModel, folder: string): ModelSettings {
  if (!(model instanceof GPT2)) throw fail('unsupported', { where: folder, rule: 'a GPT-2', got: 'another architecture' });
  const { layers, heads, width, context, dropout, activation, tied, bias, hidden } = model.config;
  if (hidden !== 4 * width)
    throw fail('unsupported', { where: folder, rule: 'an MLP of four times the width', got: `${hidden} of ${width}` });
  return { arch: 'gpt2', layers, heads, width, context, dropout, activation, untied: !tied, bias };
}

/** @throws value: flags that ask for another shape than the checkpoint's */
export function checkShapeFlags(said: SettingFlags, shape: ModelSettings, folder: string): void {
  const differing = (Object.keys(shape) as (keyof ModelSettings)[])
    .filter((name) => name !== 'dropout' && said[name] !== undefined && said[name] !== shape[name])
    .map((name) => `${name} ${said[name]} instead of ${shape[name]}`);
  if (differing.length === 0) return;
  throw fail('value', {
    where: `--from ${folder}`,
    rule: "the checkpoint's own shape",
    got: differing.join(', '),
    fix: 'Leave these flags out: the shape comes with the weights',
  });
}

/** Gives `model` the values of `source`, which has the same parameters. */
export function copyParameters(source: LanguageModel, model: LanguageModel): void {
  const values = source.parameters();
  for (const [name, parameter] of model.parameters()) {
    const from = values.get(name);
    if (from === undefined)
      throw fail('name', { where: 'copyParameters', rule: 'a source with the same parameters', got: `none called ${name}` });
    parameter.value = from.value;
  }
}
