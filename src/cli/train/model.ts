import { fail, nearest } from '../../core/index.js';
import { type LanguageModel, modelBuilder } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { applyGroups, parameterShapes, ruleOf, trainingMemory } from '../../train/index.js';
import { layOut } from '../../train/storage.js';
import { groupsOf, optimizerOf } from './recipe.js';
import { flagOf, type SettingName } from './setting-table.js';
import { completeSettings, type SettingFlags, type Settings } from './settings.js';

/** The flag of a model's setting that an architecture may have no use for. */
const flagsOf: Readonly<Record<string, SettingName>> = {
  activation: 'activation',
  tied: 'untied',
  bias: 'bias',
  dropout: 'dropout',
  kvHeads: 'kvHeads',
  hidden: 'hidden',
};

/**
 * A new model of these settings.
 *
 * @param said what a person asked for: flags that the architecture has no use for are refused
 * @throws unsupported, name: an architecture or activation we do not have; shape: sizes that do not fit together; value: a
 * flag without use; unsupported: more numbers than training can hold
 */
export function buildModel(settings: Settings, vocabulary: number, said: SettingFlags = {}): LanguageModel {
  const { arch, layers, heads, kvHeads, width, hidden, context, dropout, activation, untied, bias, seed } = settings;
  const builder = modelBuilder(arch, '--arch');
  const defaults = completeSettings({});
  const idle = builder.unused
    .map((name) => flagsOf[name])
    .find((name) => name !== undefined && said[name] !== undefined && said[name] !== defaults[name]);
  if (idle) throw fail('value', { where: flagOf(idle), rule: 'an architecture that has it', got: `--arch ${arch}`, fix: 'Leave it out' });
  const known = Object.keys(activations);
  if (!known.includes(activation)) {
    throw fail('name', {
      where: '--activation',
      rule: `one of ${known.join(', ')}`,
      got: JSON.stringify(activation),
      fix: `Nearest: ${nearest(activation, known, 1)}`,
    });
  }
  const own = { kvHeads: kvHeads || undefined, hidden: hidden || undefined };
  const sizes = { vocabulary, layers, heads, width, ...own, context, dropout, bias, seed };
  const model = builder.build({ ...sizes, activation: activation as ActivationName, tied: !untied });
  checkMemory(model, settings);
  return model;
}

/** Bytes of dropout masks up to which no step is traced to know them: tracing takes its time. */
const smallMasks = 2 ** 28;

/** @throws unsupported: parameters and what belongs to them do not fit into training's memory */
export function checkMemory(model: LanguageModel, settings: Settings): void {
  const optimizer = optimizerOf(settings);
  const { microBatch: rows, context: length, layers, heads, width, dropout, lanes, labelSmoothing, batch, average } = settings;
  const mostMasks = dropout > 0 ? 4 * rows * length * (layers * (heads * length + 4 * width) + width) : 0;
  if (lanes === 2 || mostMasks > smallMasks) {
    const run = { optimizer, groups: groupsOf(settings, model), accumulates: batch > rows, averages: average > 0 };
    trainingMemory(model, { ...run, shape: { rows, length }, lanes, labelSmoothing });
    return;
  }
  const rule = ruleOf(optimizer);
  layOut({
    parameters: applyGroups(parameterShapes(model), groupsOf(settings, model)),
    slots: (p) => rule.slots(optimizer, p),
    scratch: (p) => rule.scratch?.(optimizer, p) ?? 0,
    masks: [],
    accumulates: batch > rows,
    averages: average > 0,
  });
}
