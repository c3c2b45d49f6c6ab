import { fail } from '../../../core/index.js';
import {
  attentionFlow,
  attentionRollout,
  type DirectLogitOptions,
  directLogit,
  type InputAttribution,
  inputTimesGradient,
  integratedGradients,
  type LabelledArray,
  type LensPrompt,
  type Looked,
  logitLens,
  residualNorms,
} from '../../../lens/index.js';

/** What a method is told. */
export interface AttributionInputs {
  readonly looked: Looked;
  readonly prompt: LensPrompt;
  readonly options: DirectLogitOptions & { readonly steps?: number };
  /** What the prompt's places are called. */
  readonly places: readonly string[];
  readonly textOf: (id: number) => string;
}

/** What it found: as data, and as a table, of which `foot` stands below whatever is left out. */
export interface Attribution {
  readonly json: Readonly<Record<string, unknown>>;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly foot?: readonly (readonly string[])[];
}

interface Method {
  readonly doc: string;
  /** Options of logits that it has no use for. */
  readonly ignores: readonly ('by' | 'position' | 'tokens' | 'against' | 'steps')[];
  run(inputs: AttributionInputs): Promise<Attribution>;
}

/** Every method by name: a new one is an entry here. */
export const attributionMethods: Readonly<Record<string, Method>> = {
  direct: {
    doc: 'what each component, head or neuron adds to a logit',
    ignores: ['steps'],
    run: async ({ looked, prompt, options, textOf }) => {
      const { contributions, logits, residual } = await directLogit(looked, prompt, options);
      const [labels, tokens] = contributions.axes.map((axis) => axis.labels) as [readonly string[], readonly number[]];
      const parts = labels.map((part) => ({ part, of: tokens.map((token) => contributions.at(part, token)) }));
      const size = (of: readonly number[]): number => Math.max(...of.map(Math.abs));
      parts.sort((a, b) => size(b.of) - size(a.of));
      return {
        json: { contributions, logits: [...logits], residual: [...residual] },
        head: ['part', ...tokens.map(textOf)],
        rows: parts.map(({ part, of }) => [part, ...of.map(short)]),
        foot: [['residual', ...Array.from(residual, short)], ['logit', ...Array.from(logits, short)]], // biome-ignore format: rows
      };
    },
  },
  'integrated-gradients': {
    doc: 'what each input adds to a logit, along the line from embeddings of zeros',
    ignores: ['by'],
    run: async ({ looked, prompt, options: { by: _, ...options }, ...names }) => {
      const found = await integratedGradients(looked, prompt, options);
      const { attributions, logits, baseline, gap } = found;
      const json = { attributions, logits: [...logits], baseline: [...baseline], gap: [...gap] };
      return { json, ...inputTable(found, names), foot: [['gap', ...Array.from(gap, short)]] };
    },
  },
  'input-gradient': {
    doc: 'each embedding times the gradient of a logit by it',
    ignores: ['by', 'steps'],
    run: async ({ looked, prompt, options: { by: _, steps: __, ...options }, ...names }) => {
      const found = await inputTimesGradient(looked, prompt, options);
      return { json: { attributions: found.attributions, logits: [...found.logits] }, ...inputTable(found, names) };
    },
  },
  'logit-lens': {
    doc: 'what the model would say after each layer, at one place',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: async ({ looked, prompt, textOf, options: { position = -1, ...options } }) => {
      const { tokens, probabilities, divergence, entropy } = await logitLens(looked, prompt, engineOf(options));
      const [layers, places] = divergence.axes.map((axis) => axis.labels) as [readonly string[], readonly number[]];
      const place = placeOf(position, places);
      const said = (layer: string, rank: number): string =>
        `${textOf(tokens.at(layer, place, rank))} ${short(probabilities.at(layer, place, rank))}`;
      return {
        json: { tokens, probabilities, divergence, entropy },
        head: ['layer', 'KL to the end', 'first', 'second'],
        rows: layers.map((layer) => [layer, short(divergence.at(layer, place)), said(layer, 0), said(layer, 1)]),
      };
    },
  },
  rollout: {
    doc: 'how much of each input each last state is made of, by attention alone',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: async ({ looked, prompt, options, places }) => {
      const shares = await attentionRollout(looked, prompt, engineOf(options));
      return sharesTable(shares, placeOf(options.position ?? -1, shares.axes[0]?.labels as readonly number[]), places);
    },
  },
  flow: {
    doc: 'the most attention that can flow from each input to each last state',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: async ({ looked, prompt, options, places }) => {
      const shares = await attentionFlow(looked, prompt, { ...engineOf(options), positions: [options.position ?? -1] });
      return sharesTable(shares, shares.axes[0]?.labels[0] as number, places);
    },
  },
  norms: {
    doc: 'how long the residual stream is after each layer',
    ignores: ['by', 'position', 'tokens', 'against', 'steps'],
    run: async ({ looked, prompt, options, places }) => {
      const norms = await residualNorms(looked, prompt, engineOf(options));
      const [layers, , positions] = norms.axes.map(({ labels }) => labels) as [readonly string[], unknown, readonly number[]];
      const named = positions.map((p) => places[p] ?? String(p));
      return {
        json: { norms },
        head: ['layer', ...named],
        rows: layers.map((layer) => [layer, ...positions.map((p) => short(norms.at(layer, 0, p)))]),
      };
    },
  },
};

function sharesTable(shares: LabelledArray, place: number, places: readonly string[]): Attribution {
  const inputs = shares.axes[1]?.labels ?? [];
  const rows = inputs.map((input, i) => [places[i] ?? String(input), short(shares.at(place, input))]);
  return { json: { shares }, head: ['input', `of ${places[place] ?? place}`], rows };
}

function inputTable(
  { attributions }: InputAttribution,
  { places, textOf }: Pick<AttributionInputs, 'places' | 'textOf'>,
): Pick<Attribution, 'head' | 'rows'> {
  const [tokens, inputs] = attributions.axes.map(({ labels }) => labels) as [readonly number[], readonly (string | number)[]];
  const rows = inputs.map((input, i) => [places[i] ?? String(input), ...tokens.map((t) => short(attributions.at(t, input)))]);
  return { head: ['input', ...tokens.map(textOf)], rows };
}

/** A place from the front, of one that may be counted from the end. @throws value: one that is not there */
function placeOf(position: number, places: readonly number[]): number {
  const place = places.at(position);
  if (place !== undefined) return place;
  throw fail('value', {
    where: '--position',
    rule: `a place from 0 to ${places.length - 1}, or negative from the end`,
    got: String(position),
  });
}

function engineOf({ device, threads }: DirectLogitOptions): Pick<DirectLogitOptions, 'device' | 'threads'> {
  return { ...(device && { device }), ...(threads !== undefined && { threads }) };
}

function short(x: number): string {
  return x.toFixed(4);
}
