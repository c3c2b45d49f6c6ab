import { fail, nearest } from '../core/index.js';
import type { ActivationName, CellName } from '../nn/index.js';
import { AttentionOnly } from './attention-only.js';
import { ConvolutionalLanguageModel } from './convolutional.js';
import { Gemma } from './gemma.js';
import { GPT2 } from './gpt2.js';
import type { LanguageModel } from './language-model.js';
import { gatedHidden, Llama } from './llama.js';
import { RecurrentLanguageModel } from './recurrent.js';

/** What a model can be told by name, whatever its architecture; each builder says which of it counts. */
export interface ModelSettings {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  /** Key and value heads, where queries may share them; as many as `heads` by default. */
  readonly kvHeads?: number | undefined;
  readonly width: number;
  /** Hidden width of the MLP; the architecture's own by default. */
  readonly hidden?: number | undefined;
  readonly dropout: number;
  readonly activation: ActivationName;
  readonly bias: boolean;
  /** Whether the head is the token embedding's transpose. */
  readonly tied: boolean;
  readonly seed: number;
}

/** What about a model settings leave open, by name. */
type Beyond = Readonly<Record<string, number | boolean | string>>;

/** How to make models of one architecture, and how to read the settings of one that is made. */
export interface ModelBuilder {
  /** One line for people. */
  readonly doc: string;
  /** Settings that this architecture has no use for: to say so when somebody asks for them. */
  readonly unused: readonly (keyof ModelSettings)[];
  /** @throws value, shape: sizes that do not fit together */
  build(settings: ModelSettings): LanguageModel;
  /** Settings of a model of this kind, and what about it they leave open; undefined for a model of another kind. */
  read(model: LanguageModel): { readonly settings: ModelSettings; readonly beyond: Beyond } | undefined;
}

/** What recurrent and convolutional models have no use for. */
const withoutAttention = ['heads', 'kvHeads', 'hidden', 'activation'] as const;

/** Settings of them that a model without heads has all the same: one, so that any number divides by it. */
const headless = { heads: 1, activation: 'gelu_new' } as const;

function recurrent(cell: CellName, doc: string): ModelBuilder {
  return {
    doc,
    unused: withoutAttention,
    build: ({ vocabulary, context, layers, width, dropout, bias, tied, seed }) =>
      new RecurrentLanguageModel({ cell, vocabulary, context, layers, width, dropout, bias, tied, seed }),
    read: (model) => {
      if (!(model instanceof RecurrentLanguageModel) || model.config.cell !== cell) return undefined;
      const { cell: _, forgetBias: __, hidden, bidirectional, ...settings } = model.config;
      return { settings: { ...settings, ...headless }, beyond: { state: hidden === settings.width ? 'width' : hidden, bidirectional } };
    },
  };
}

/** The architectures that can be built by name (`--arch`). */
export const modelBuilders: Readonly<Record<string, ModelBuilder>> = {
  gpt2: {
    doc: 'GPT-2: learned positions, blocks of attention and MLP behind norms',
    unused: ['kvHeads'],
    build: ({ vocabulary, context, layers, heads, width, hidden = 4 * width, dropout, activation, bias, tied, seed }) =>
      new GPT2({ vocabulary, context, layers, heads, width, hidden, dropout, activation, bias, tied, seed }),
    read: (model) => {
      if (!(model instanceof GPT2)) return undefined;
      const { epsilon, hidden, ...settings } = model.config;
      return { settings: { ...settings, hidden: hidden === 4 * settings.width ? undefined : hidden }, beyond: { epsilon } };
    },
  },
  'attention-only': {
    doc: 'attention without MLPs, to be read as circuits (Elhage et al. 2021)',
    unused: ['kvHeads', 'hidden', 'activation', 'tied'],
    build: ({ vocabulary, context, layers, heads, width, dropout, bias, seed }) =>
      new AttentionOnly({ vocabulary, context, layers, heads, width, dropout, bias, seed }),
    read: (model) => {
      if (!(model instanceof AttentionOnly)) return undefined;
      const { epsilon, norm, ...settings } = model.config;
      return { settings: { ...settings, activation: 'gelu_new', tied: false }, beyond: { epsilon, norm } };
    },
  },
  llama: {
    doc: 'Llama: rotary positions, grouped queries, gated MLPs, root-mean-square norms',
    unused: ['activation', 'bias'],
    build: ({ vocabulary, context, layers, heads, kvHeads, width, hidden, dropout, tied, seed }) =>
      new Llama({ vocabulary, context, layers, heads, kvHeads, width, hidden, dropout, tied, seed }),
    read: (model) => {
      if (!(model instanceof Llama)) return undefined;
      const { vocabulary, context, layers, heads, kvHeads, width, hidden, dropout, tied, activation, seed, ...rest } = model.config;
      const { epsilon, attentionBias, mlpBias, headNorm, base, headWidth, scaling, window = 0 } = rest;
      return {
        settings: {
          ...{ vocabulary, context, layers, heads, kvHeads, width, dropout, activation, bias: false, tied, seed },
          hidden: hidden === gatedHidden(width) ? undefined : hidden,
        },
        beyond: {
          ...{ epsilon, activation, attentionBias, mlpBias, headNorm, base, window },
          headWidth: headWidth * heads === width ? 'width/heads' : headWidth,
          scaling: scaling?.kind ?? 'none',
        },
      };
    },
  },
  rnn: recurrent('rnn', 'the simple recurrent network (Elman 1990)'),
  gru: recurrent('gru', 'gated recurrent units (Cho et al. 2014)'),
  lstm: recurrent('lstm', 'long short-term memory (Hochreiter and Schmidhuber 1997)'),
  tcn: {
    doc: 'a temporal convolution network: causal dilated convolutions (Bai et al. 2018)',
    unused: withoutAttention,
    build: ({ vocabulary, context, layers, width, dropout, bias, tied, seed }) =>
      new ConvolutionalLanguageModel({ vocabulary, context, layers, width, dropout, bias, tied, seed }),
    read: (model) => {
      if (!(model instanceof ConvolutionalLanguageModel)) return undefined;
      const { kernel, weightNorm, ...settings } = model.config;
      return { settings: { ...settings, ...headless }, beyond: { kernel, weightNorm } };
    },
  },
};

/** What `build` makes of that which settings leave open. */
const usual: Beyond = {
  ...{ epsilon: 1e-5, norm: true },
  ...{ activation: 'silu', attentionBias: 'none', mlpBias: false, headNorm: false, base: 10000, window: 0 },
  ...{ headWidth: 'width/heads', scaling: 'none' },
  ...{ state: 'width', bidirectional: false, kernel: 3, weightNorm: true },
};

/**
 * The builder of an architecture.
 * @param where what errors call the option
 * @throws name: one we do not know, with the nearest that we do
 */
export function modelBuilder(name: string, where = 'modelBuilder'): ModelBuilder {
  const builder = Object.hasOwn(modelBuilders, name) ? modelBuilders[name] : undefined;
  if (builder !== undefined) return builder;
  const known = Object.keys(modelBuilders);
  const parts = { where, rule: `one of ${known.join(', ')}`, got: JSON.stringify(name) };
  throw fail('name', { ...parts, fix: `Nearest: ${nearest(name, known, 1).join()}. Models of your own are trained from code` });
}

const ownModels = 'Models of your own are trained from code';

/** What of a model settings can say, and what they cannot. */
interface Described {
  /** The name of the builder that makes such models. */
  readonly arch: string;
  readonly settings: ModelSettings;
  /** The first thing in which it differs from what its builder makes. */
  readonly unusual: readonly [name: string, value: Beyond[string]] | undefined;
}

function described(model: LanguageModel): Described | undefined {
  for (const [arch, builder] of Object.entries(modelBuilders)) {
    const found = builder.read(model);
    if (found === undefined) continue;
    return { arch, settings: found.settings, unusual: Object.entries(found.beyond).find(([name, value]) => value !== usual[name]) };
  }
  return undefined;
}

/**
 * The name and the settings that build a model like this one anew.
 * @param where what errors call the model: its folder, say
 * @throws unsupported: a model of no builder's, or one that differs from what its builder makes, in what is said
 */
export function settingsOf(model: LanguageModel, where = 'settingsOf'): { readonly arch: string; readonly settings: ModelSettings } {
  const found = described(model);
  if (found === undefined) {
    throw fail('unsupported', {
      where,
      rule: `a model of one of ${Object.keys(modelBuilders).join(', ')}`,
      got: className(model),
      fix: ownModels,
    });
  }
  const { arch, settings, unusual } = found;
  if (unusual === undefined) return { arch, settings };
  const [name, value] = unusual;
  throw fail('unsupported', {
    where,
    rule: `a model whose ${name} is ${usual[name]}, which settings cannot change`,
    got: String(value),
    fix: 'Train it from code',
  });
}

/**
 * The sizes of a language model of ours, whatever else it is: of Mistral, Qwen and Gemma too, which no builder makes.
 * @returns `arch` where a builder makes such models
 * @throws unsupported: a model of another class
 */
export function sizesOf(model: LanguageModel, where = 'sizesOf'): { readonly arch: string | undefined; readonly settings: ModelSettings } {
  const found = described(model);
  if (found !== undefined) return { arch: found.unusual === undefined ? found.arch : undefined, settings: found.settings };
  if (model instanceof Gemma) {
    const { vocabulary, context, layers, heads, kvHeads, width, hidden, dropout, activation, seed } = model.config;
    const sizes = { vocabulary, context, layers, heads, kvHeads, width, hidden, dropout, activation, seed };
    return { arch: undefined, settings: { ...sizes, bias: false, tied: true } };
  }
  throw fail('unsupported', { where, rule: 'a language model of Headlight’s', got: className(model), fix: ownModels });
}

/** What errors call a model. */
export function className(model: LanguageModel): string {
  return Object.getPrototypeOf(model)?.constructor?.name ?? 'another object';
}
