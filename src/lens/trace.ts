import { fail, HostArray } from '../core/index.js';
import { type TokenModel, Transformer, ViT } from '../models/index.js';
import type { Module } from '../nn/index.js';
import { input, type Tensor, withTraining } from '../ops/index.js';
import { type GraphInput, lowerProgram, Program, type ProgramOptions, sitesOf } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { Lens } from './lens.js';
import { imageSubject } from './subject/images.js';
import type { Feeds, Subject } from './subject/subject.js';
import { type Prompt, tokenSubject } from './subject/tokens.js';
import { type TranslationPrompt, translationSubject } from './subject/translation.js';

/** A model that can be looked into: of tokens, of images, or of a source and a target. */
export type LensModel = TokenModel | ViT | Transformer;

/** What tools look at: a view, with what it changes; or a model, as it is. */
export type Looked = LensModel | Lens<never, Module>;

/** What a model is run on: text or ids for tokens; pixels [B,channels,height,width] for images; a source and a target. */
export type LensPrompt = Prompt | HostArray | TranslationPrompt;

/** A model traced on a prompt: a graph, and what its inputs are fed. */
export interface Traced {
  readonly inputs: readonly (GraphInput & { readonly spec: Tensor })[];
  readonly feeds: Feeds;
  /** What the model returns: logits, or hidden states where it has no head. */
  readonly output: Tensor;
  readonly sites: ReadonlyMap<string, Tensor>;
  /** Token ids by the name of the input that they are fed to: `ids`, or `source` and `target`. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** The id of a token, or number of a label, that is written as text. */
  readonly tokenId: (text: string) => number;
}

/**
 * Traces a model on a prompt, dropout off, and with a view's interventions.
 * @param tokenizer reads prompts that are text; a view has its own
 * @throws value, shape: ids outside the vocabulary, rows of different lengths, none, or more than the context; tokenizer: text
 * without one; unsupported: a prompt of another kind than the model takes
 */
export function traceModel(looked: Looked, prompt: LensPrompt, tokenizer?: Tokenizer): Traced {
  const subject = subjectOf(looked, tokenizer);
  const model = looked instanceof Lens ? looked.model : subject.model;
  checkKind(subject, prompt);
  const feeds = subject.feeds(prompt as never);
  const inputs = Object.entries(feeds).map(([name, { shape, dtype }]) => ({ name, spec: input(name, shape, dtype) }));
  const byName = Object.fromEntries(inputs.map(({ name, spec }) => [name, spec]));
  const output = withTraining(false, () => subject.trace(model, byName));
  const ids = Object.entries(feeds).filter(([, { dtype }]) => dtype === 'int32');
  return {
    inputs,
    feeds,
    output,
    sites: sitesOf([output]),
    ids: Object.fromEntries(ids.map(([name, array]) => [name, rowsOf(array)])),
    tokenId: (text) => subject.tokenId(text),
  };
}

/** Computes tensors of a traced model's graph, by name. */
export async function run(
  { inputs, feeds }: Pick<Traced, 'inputs' | 'feeds'>,
  outputs: Readonly<Record<string, Tensor>>,
  options: ProgramOptions = {},
): Promise<Record<string, HostArray>> {
  const program = await Program.create(lowerProgram(outputs, inputs, options), options);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

/** The model itself, as its weights are. */
export function modelOf(looked: Looked): LensModel {
  return looked instanceof Lens ? (looked.subject.model as LensModel) : looked;
}

function subjectOf(looked: Looked, tokenizer: Tokenizer | undefined): Subject<never, Module> {
  if (looked instanceof Lens) return looked.subject;
  if (looked instanceof ViT) return imageSubject(looked);
  return looked instanceof Transformer ? translationSubject(looked, tokenizer) : tokenSubject(looked, tokenizer);
}

/** A prompt of another kind would fail further down, where nobody knows why. */
function checkKind({ inputs }: Subject<never, Module>, prompt: LensPrompt): void {
  const kinds = {
    pixels: 'pixels [B,channels,height,width]',
    source: 'a source and a target',
    ids: 'text or token ids',
  };
  const wanted = inputs[0]?.name as keyof typeof kinds;
  const isList = typeof prompt === 'string' || Array.isArray(prompt);
  const got = isList ? 'ids' : prompt instanceof HostArray ? 'pixels' : 'source';
  if (wanted in kinds && got !== wanted) throw fail('unsupported', { where: 'prompt', rule: kinds[wanted], got: kinds[got] });
}

function rowsOf({ data, shape }: HostArray): number[][] {
  const [rows, length] = shape as [number, number];
  return Array.from({ length: rows }, (_, r) => Array.from((data as Int32Array).subarray(r * length, (r + 1) * length)));
}
