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
  logitLens,
  residualNorms,
} from '../../../lens/index.js';
import type { LookedAt } from '../../looked-at.js';

/** What a method is told. */
export interface AttributionInputs extends Omit<LookedAt, 'prompt'> {
  readonly prompt: LensPrompt;
  readonly options: DirectLogitOptions & { readonly steps?: number };
}

/** What it found: as data, and as rows of a table, of which the first is the head. */
export interface Attribution {
  readonly json: Readonly<Record<string, unknown>>;
  readonly rows: readonly (readonly string[])[];
  /** How many columns of the table are text. */
  readonly left?: number;
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
    run: async ({ model, prompt, options }) => {
      const { contributions, logits, residual } = await directLogit(model, prompt, options);
      const tokens = contributions.axes[1]?.labels ?? [];
      const parts = (contributions.axes[0]?.labels ?? []).map((part) => ({
        part,
        of: tokens.map((token) => contributions.at(part, token)),
      }));
      const size = (of: readonly number[]): number => Math.max(...of.map(Math.abs));
      const rows = parts.sort((a, b) => size(b.of) - size(a.of)).map(({ part, of }) => [String(part), ...of.map(short)]);
      const ends = [['residual', ...Array.from(residual, short)], ['logit', ...Array.from(logits, short)]]; // biome-ignore format: rows
      return {
        json: { contributions, logits: [...logits], residual: [...residual] },
        rows: [['part', ...tokens.map(String)], ...rows, ...ends],
      };
    },
  },
  'integrated-gradients': {
    doc: 'what each input adds to a logit, along the line from embeddings of zeros',
    ignores: ['by'],
    run: async ({ model, prompt, options: { by: _, ...options }, places }) => {
      const found = await integratedGradients(model, prompt, options);
      const { attributions, logits, baseline, gap } = found;
      return {
        json: { attributions, logits: [...logits], baseline: [...baseline], gap: [...gap] },
        rows: [...inputRows(found, places), ['gap', ...Array.from(gap, short)]],
      };
    },
  },
  'input-gradient': {
    doc: 'each embedding times the gradient of a logit by it',
    ignores: ['by', 'steps'],
    run: async ({ model, prompt, options: { by: _, steps: __, ...options }, places }) => {
      const found = await inputTimesGradient(model, prompt, options);
      return { json: { attributions: found.attributions, logits: [...found.logits] }, rows: inputRows(found, places) };
    },
  },
  'logit-lens': {
    doc: 'what the model would say after each layer, at the last place',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: async ({ model, prompt, tokenizer, options: { position = -1, ...options } }) => {
      const { tokens, probabilities, divergence, entropy } = await logitLens(model, prompt, { ...engineOf(options), tokenizer });
      const places = divergence.axes[1]?.labels ?? [];
      const place = places.at(position < 0 ? position + places.length : position) ?? 0;
      const said = (layer: string | number, rank: number): string => {
        const id = tokens.at(layer, place, rank);
        return `${JSON.stringify(tokenizer?.tokens([id])[0] ?? String(id))} ${short(probabilities.at(layer, place, rank))}`;
      };
      const rows = (tokens.axes[0]?.labels ?? []).map((layer) => [
        String(layer),
        short(divergence.at(layer, place)),
        said(layer, 0),
        said(layer, 1),
      ]);
      return { json: { tokens, probabilities, divergence, entropy }, rows: [['layer', 'KL to the end', 'first', 'second'], ...rows] };
    },
  },
  rollout: {
    doc: 'how much of each input each last state is made of, by attention alone',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: ({ model, prompt, tokenizer, options, places }) =>
      flowRows(attentionRollout(model, prompt, { ...engineOf(options), tokenizer }), options.position, places),
  },
  flow: {
    doc: 'the most attention that can flow from each input to each last state',
    ignores: ['by', 'tokens', 'against', 'steps'],
    run: ({ model, prompt, tokenizer, options, places }) => {
      const { position } = options;
      return flowRows(attentionFlow(model, prompt, { ...engineOf(options), tokenizer, positions: [position ?? -1] }), -1, places);
    },
  },
  norms: {
    doc: 'how long the residual stream is after each layer',
    ignores: ['by', 'position', 'tokens', 'against', 'steps'],
    run: async ({ model, prompt, tokenizer, options, places }) => {
      const norms = await residualNorms(model, prompt, { ...engineOf(options), tokenizer });
      const [layers, , positions] = norms.axes.map(({ labels }) => labels) as [readonly string[], unknown, readonly number[]];
      const rows = positions.map((p) => [places?.[p] ?? String(p), ...layers.map((layer) => short(norms.at(layer, 0, p)))]);
      return { json: { norms }, rows: [['place', ...layers], ...rows] };
    },
  },
};

async function flowRows(found: Promise<LabelledArray>, position = -1, places?: readonly string[]): Promise<Attribution> {
  const shares = await found;
  const [positions, inputs] = shares.axes.map(({ labels }) => labels) as [readonly number[], readonly (string | number)[]];
  const place = positions.at(position) ?? 0;
  const rows = inputs.map((input, i) => [places?.[i] ?? String(input), short(shares.at(place, input))]);
  return { json: { shares }, rows: [['input', `of place ${place}`], ...rows] };
}

function inputRows({ attributions }: InputAttribution, places?: readonly string[]): string[][] {
  const [tokens, inputs] = attributions.axes.map(({ labels }) => labels) as [readonly number[], readonly (string | number)[]];
  return [
    ['input', ...tokens.map(String)],
    ...inputs.map((input, i) => [places?.[i] ?? String(input), ...tokens.map((t) => short(attributions.at(t, input)))]),
  ];
}

function engineOf({ device, threads }: DirectLogitOptions): Pick<DirectLogitOptions, 'device' | 'threads'> {
  return { ...(device && { device }), ...(threads !== undefined && { threads }) };
}

function short(x: number): string {
  return x.toFixed(4);
}
