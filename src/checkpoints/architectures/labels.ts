import { fail } from '../../core/index.js';
import { type Config, type JsonObject, requireInteger } from '../config.js';

/** Far more classes than any published classifier has. */
const mostLabels = 1 << 20;

/**
 * The names of a classifier's classes, in order: `id2label`, else `LABEL_0` and on for `num_labels`, two where a config is
 * silent, as Hugging Face's do.
 * @throws checkpoint: labels of another form, or numbers of classes that are left out
 */
export function readLabels(config: Config): readonly string[] {
  const names = config.values.id2label ?? undefined;
  if (names === undefined) {
    const count = requireInteger(config, 'num_labels', { min: 1, max: mostLabels, fallback: 2 });
    return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  }
  const entries = typeof names === 'object' ? Object.entries(names as object) : [];
  const labels = new Array<unknown>(entries.length);
  for (const [key, label] of entries) if (/^(0|[1-9]\d{0,6})$/.test(key) && Number(key) < labels.length) labels[Number(key)] = label;
  // `findIndex`, unlike `every`, visits the holes that missing numbers leave.
  if (labels.length === 0 || labels.findIndex((label) => typeof label !== 'string') >= 0) {
    throw fail('checkpoint', {
      where: config.path,
      rule: '"id2label" names every class, by numbers from 0 on',
      got: entries.length === 0 ? 'none' : `${entries.length} entries, some missing or no text`,
      fix: 'Correct the file',
    });
  }
  return labels as string[];
}

/** The same, written, both ways round. */
export function writeLabels(labels: readonly string[]): JsonObject {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}
