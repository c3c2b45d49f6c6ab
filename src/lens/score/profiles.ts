import { fail, HostArray } from '../../core/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { LabelledArray } from '../labelled.js';
import { type LensPrompt, type Looked, traceModel } from '../trace.js';
import { readPatterns } from './read-patterns.js';
import type { HeadPattern } from './score.js';

export interface ProfileOptions extends ProgramOptions {
  readonly tokenizer?: Tokenizer | undefined;
}

/** Weight that every head gives, by some kind of key: the mean over queries and texts of what falls on each kind. */
async function massBy(
  model: Looked,
  prompt: LensPrompt,
  { axis, kinds, kindOf }: { readonly axis: string; readonly kinds: readonly (string | number)[]; readonly kindOf: KindOf },
  { tokenizer, ...engine }: ProfileOptions,
): Promise<LabelledArray> {
  const place = new Map(kinds.map((kind, i) => [kind, i]));
  const sums = new Map<string, Float64Array[]>();
  let texts = 0;
  await readPatterns(
    [traceModel(model, prompt, tokenizer)],
    ({ site, text, row, patterns }) => {
      if (!sums.has(site.path))
        sums.set(
          site.path,
          patterns.map(() => new Float64Array(kinds.length)),
        );
      texts = Math.max(texts, text + 1);
      patterns.forEach((pattern, head) => {
        const into = (sums.get(site.path) as Float64Array[])[head] as Float64Array;
        for (let q = 0; q < pattern.queries; q++) {
          for (let k = 0; k < pattern.keys; k++) {
            const i = place.get(kindOf(q, k, pattern, row));
            if (i !== undefined) into[i] = (into[i] as number) + pattern.at(q, k) / pattern.queries;
          }
        }
      });
    },
    engine,
  );
  const layers = [...sums.keys()];
  const heads = Math.max(0, ...[...sums.values()].map((s) => s.length));
  const values = layers.flatMap((layer) =>
    Array.from({ length: heads }, (_, h) =>
      Array.from(sums.get(layer)?.[h] ?? new Float64Array(kinds.length).fill(Number.NaN), (x) => x / texts),
    ).flat(),
  );
  const labels = [
    { name: 'layer', labels: layers },
    { name: 'head', labels: Array.from({ length: heads }, (_, i) => i) },
    { name: axis, labels: kinds },
  ];
  return new LabelledArray(labels, new HostArray(Float64Array.from(values), [layers.length, heads, kinds.length], 'float64'));
}

type KindOf = (query: number, key: number, pattern: HeadPattern, row: number) => string | number;

/**
 * How far back each head looks: its weight by the distance q − k, mean over queries. Distances before a text's first token do not
 * exist, so far ones have less of it; of heads that look both ways, distances are negative too.
 * @returns [layer, head, distance]; rows of a self-attention sum to 1
 * @throws as `traceModel`
 */
export async function distanceProfile(model: Looked, prompt: LensPrompt, options: ProfileOptions = {}): Promise<LabelledArray> {
  const { feeds, sites } = traceModel(model, prompt, options.tokenizer);
  const patterns = [...sites].filter(([name]) => name.endsWith('attention.pattern')).map(([, { shape }]) => shape as readonly number[]);
  const [longest, keys] = [2, 3].map((axis) => Math.max(1, ...patterns.map((shape) => shape[axis] as number))) as [number, number];
  // Whether anything lies ahead is seen in the patterns; a profile of zeros there would say no more than none.
  const distances = Array.from({ length: longest + keys - 1 }, (_, i) => i - (keys - 1));
  const all = await massBy(model, prompt, { axis: 'distance', kinds: distances, kindOf: (q, k) => q - k }, options);
  return Object.keys(feeds).length === 1 ? withoutEmptyAhead(all, keys) : all;
}

/** Leaves the negative distances out where no head looks ahead. */
function withoutEmptyAhead(profile: LabelledArray, keys: number): LabelledArray {
  const [layer, head, distance] = profile.axes as [LabelledArray['axes'][0], LabelledArray['axes'][0], LabelledArray['axes'][0]];
  const count = distance.labels.length;
  const data = profile.values.data as Float64Array;
  const ahead = keys - 1;
  if (data.some((x, i) => i % count < ahead && x !== 0)) return profile;
  const kept = data.filter((_, i) => i % count >= ahead);
  const shape = [layer.labels.length, head.labels.length, count - ahead];
  return new LabelledArray(
    [layer, head, { name: 'distance', labels: distance.labels.slice(ahead) }],
    new HostArray(kept, shape, 'float64'),
  );
}

/** What a key's token is called: any function of its id and place, such as the part of speech, or whether it opens a bracket. */
export type TokenClass = (token: { readonly id: number | undefined; readonly position: number; readonly row: number }) => string;

/**
 * How much of each head's attention falls on tokens of each class, mean over queries.
 * @param classOf names a key's class; patches have no id
 * @returns [layer, head, class]; rows sum to 1
 * @throws value: a class that is no text; and as `traceModel`
 * @example await massByClass(model, text, ({ id }) => (isPunctuation(id) ? 'punctuation' : 'word'), { tokenizer })
 */
export async function massByClass(
  model: Looked,
  prompt: LensPrompt,
  classOf: TokenClass,
  options: ProfileOptions = {},
): Promise<LabelledArray> {
  const traced = traceModel(model, prompt, options.tokenizer);
  const name = (id: number | undefined, position: number, row: number): string => {
    const found: unknown = classOf({ id, position, row });
    if (typeof found === 'string') return found;
    throw fail('value', { where: 'massByClass', rule: 'a class that is text', got: `${found} for the key at ${position}` });
  };
  const kinds = new Set<string>();
  const known = Object.values(traced.ids).flatMap((rows) => rows.map((ids, row) => ids.map((id, position) => name(id, position, row))));
  for (const row of known) for (const kind of row) kinds.add(kind);
  if (known.length === 0) {
    const patches = Math.max(0, ...[...traced.sites].filter(([site]) => site.endsWith('.pattern')).map(([, t]) => t.shape[3] as number));
    const rows = Object.values(traced.feeds)[0]?.shape[0] ?? 0;
    for (let row = 0; row < rows; row++) for (let k = 0; k < patches; k++) kinds.add(name(undefined, k, row));
  }
  const kindOf: KindOf = (_, k, { keyIds }, row) => name(keyIds?.[k], k, row);
  return massBy(model, prompt, { axis: 'class', kinds: [...kinds], kindOf }, options);
}
