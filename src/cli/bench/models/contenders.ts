import {
  Attention,
  type AttentionForm,
  causal,
  FavorAttention,
  LinearAttention,
  LocalAttention,
  LshAttention,
  MultiHeadAttention,
  Retention,
  SharedQueryKeyAttention,
} from '../../../attention/index.js';
import { fail, nearest } from '../../../core/index.js';
import { ConvolutionalLanguageModel, type LanguageModel, RecurrentLanguageModel } from '../../../models/index.js';
import { type CellName, child, Mamba, Module, xavierUniform } from '../../../nn/index.js';
import type { Tensor } from '../../../ops/index.js';
import type { ParameterGroup } from '../../../train/index.js';
import { type Mixer, MixerLanguageModel } from './mixer-language-model.js';

/** How long every contender is trained, and how large it is. */
export interface TrainingSize {
  /** Numbers that every model has, nearly. */
  readonly parameters: number;
  readonly steps: number;
  readonly batch: number;
}

/** What both benches of contenders are told; S their size, R what they find of each. */
export interface ContenderOptions<S extends TrainingSize, R> {
  readonly size?: S;
  /** Names of contenders, separated by commas; all by default. */
  readonly forms?: string | undefined;
  /** Instead of the size's. */
  readonly steps?: number | undefined;
  readonly threads?: number | undefined;
  readonly seed?: number;
  /** Hears of each row; the next begins when it is done. */
  readonly onRow?: (row: R) => void | Promise<void>;
}

/** What a task asks of a model, whatever its kind. */
export interface ContenderSizes {
  readonly vocabulary: number;
  readonly context: number;
  readonly seed: number;
}

/** One kind of model that is compared, at any width. */
export interface Contender {
  readonly doc: string;
  /** Widths are multiples of this. */
  readonly widths: number;
  /** What its paper has the optimiser do otherwise. */
  readonly groups?: readonly ParameterGroup[];
  /** @param added units of each MLP beyond the usual, where widths come in large steps */
  build(width: number, sizes: ContenderSizes, added?: number): LanguageModel;
}

/** How the projections of every mixer start, so that none differs by it. */
const initializer = xavierUniform();
/** Heads of every attention. */
const heads = 4;
/** Layers of recurrent networks and of Transformers. */
const layers = 2;
/** Tokens that local attention sees, and as many in a chunk of LSH attention. */
const window = 32;
const lshRounds = 2;

function recurrent(cell: CellName, forgetBias = 0): Contender {
  return {
    doc: `${layers} layers of ${cell.toUpperCase()}`,
    widths: 1,
    build: (width, sizes) => new RecurrentLanguageModel({ ...sizes, cell, layers, width, forgetBias }),
  };
}

/** A Transformer whose attention is any causal layer. */
function mixing(doc: string, mixer: (width: number, sizes: ContenderSizes) => Mixer): Contender {
  return {
    doc: `${layers} blocks of ${heads} heads, ${doc}`,
    widths: 2 * heads,
    build: (width, sizes, added = 0) =>
      new MixerLanguageModel({
        ...sizes,
        ...{ layers, width, hidden: 4 * width + added, positions: true },
        mixer: () => mixer(width, sizes),
      }),
  };
}

/** A Transformer with a form of attention: one line makes a contender of any causal form. */
function transformer(doc: string, attention: (sizes: ContenderSizes) => AttentionForm): Contender {
  return mixing(
    doc,
    (width, sizes) => new MultiHeadAttention({ width, heads, initializer, outputInitializer: initializer, attention: attention(sizes) }),
  );
}

/** LSH attention over rows of any length: filled up to whole chunks, with tokens that are later than all. */
class Hashing extends Module {
  readonly attention: SharedQueryKeyAttention;

  constructor(width: number, { context }: ContenderSizes) {
    super();
    const attention = new LshAttention({
      ...{ chunk: window, buckets: 2 * Math.ceil(context / window), rounds: lshRounds, causal: true },
    });
    this.attention = child('attention', () => new SharedQueryKeyAttention({ width, heads, initializer, attention }));
  }

  forward(x: Tensor): Tensor {
    const length = x.shape[1] as number;
    const none = [0, 0] as const;
    const filled = x.pad([none, [0, (window - (length % window)) % window], none]);
    return this.attention.forward(filled).slice([null, [0, length]]);
  }
}

/** What is compared, by name. */
export const contenders: Readonly<Record<string, Contender>> = {
  rnn: recurrent('rnn'),
  gru: recurrent('gru'),
  lstm: recurrent('lstm', 1),
  tcn: {
    doc: 'temporal convolutions, as many layers as see the whole context',
    widths: 1,
    build: (width, sizes) => new ConvolutionalLanguageModel({ ...sizes, width, layers: layersToSee(sizes.context) }),
  },
  transformer: transformer('every earlier token', () => new Attention({ mask: causal })),
  local: transformer(`the last ${window} tokens`, () => new LocalAttention({ window, causal: true })),
  performer: transformer('FAVOR+ with 64 features', () => new FavorAttention({ features: 64, causal: true })),
  lsh: mixing(`LSH in ${lshRounds} rounds, chunks of ${window}`, (width, sizes) => new Hashing(width, sizes)),
  mamba: {
    doc: `${layers} blocks of Mamba`,
    widths: 1,
    // As the paper's code has it: A says how long what is written lasts.
    groups: [{ match: 'blocks.*.mixer.logA', decays: false }],
    build: (width, sizes) =>
      new MixerLanguageModel({ ...sizes, layers, width, hidden: 0, positions: false, mixer: () => new Mamba({ width, initializer }) }),
  },
  linear: transformer('linear attention', () => new LinearAttention({ causal: true })),
  retention: transformer('retention', () => new Retention()),
};

/** Temporal blocks with kernels of 3 until 1 + 4 (2^L − 1) tokens are seen. */
function layersToSee(context: number): number {
  return Math.max(1, Math.ceil(Math.log2((context - 1) / 4 + 1)));
}

/** The contenders of some names, separated by commas; all by default. @throws name: one that is not known, with the nearest */
export function chosenContenders(names?: string): readonly (readonly [string, Contender])[] {
  if (names === undefined) return Object.entries(contenders);
  return names.split(',').map((part) => {
    const name = part.trim();
    const found = Object.hasOwn(contenders, name) ? contenders[name] : undefined;
    if (found !== undefined) return [name, found];
    const known = Object.keys(contenders);
    throw fail('name', {
      where: 'bench models',
      rule: `one of ${known.join(', ')}`,
      got: JSON.stringify(name),
      fix: `Nearest: ${nearest(name, known, 1)}`,
    });
  });
}

/**
 * The widest model of at most so many parameters; where widths come in large steps, with as many more units in its MLPs as
 * bring it nearest.
 * @throws value: fewer parameters than its smallest model has
 */
export function modelOfSize(name: string, { widths, build }: Contender, parameters: number, sizes: ContenderSizes): LanguageModel {
  const count = (width: number, added = 0): number => build(width, sizes, added).parameterCount;
  if (count(widths) > parameters)
    throw fail('value', { where: `bench models, ${name}`, rule: `at least ${count(widths)} parameters`, got: String(parameters) });
  let width = widths;
  while (count(width + widths) <= parameters) width += widths;
  const [plain, one] = [count(width), count(width, 1)];
  return build(width, sizes, one === plain ? 0 : Math.round((parameters - plain) / (one - plain)));
}
