import { type Dim, fail, HostArray } from '../core/index.js';
import { type TokenModel, Transformer, ViT } from '../models/index.js';
import { input, type Tensor, withTraining } from '../ops/index.js';
import { type GraphInput, lowerProgram, Program, type ProgramOptions, sitesOf } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** A model that can be looked into: of tokens, of images, or of a source and a target. */
export type LensModel = TokenModel | ViT | Transformer;

/** Token ids: a list, or several lists of one length. */
export type IdRows = readonly number[] | readonly (readonly number[])[];

/** What a model is run on: text or ids for tokens; pixels [B,channels,height,width] for images; ids of both for a source and a target. */
export type LensPrompt = string | IdRows | HostArray | { readonly source: IdRows; readonly target: IdRows };

/** A model traced on a prompt: a graph, and what its inputs are fed. */
export interface Traced {
  readonly inputs: readonly (GraphInput & { readonly spec: Tensor })[];
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** What the model returns: logits, or hidden states where it has no head. */
  readonly output: Tensor;
  readonly sites: ReadonlyMap<string, Tensor>;
  /** Token ids by the name of the input that they are fed to. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/**
 * Traces a model on a prompt, dropout off.
 * @throws value, shape: ids outside the vocabulary, rows of different lengths, none, or more than the context; tokenizer: text
 * without one; unsupported: a prompt of another kind than the model takes
 */
export function traceModel(model: LensModel, prompt: LensPrompt, tokenizer?: Tokenizer): Traced {
  if (model instanceof ViT) {
    if (!(prompt instanceof HostArray)) throw refuseKind('pixels [B,channels,height,width]', prompt);
    return traced({ pixels: prompt }, ([pixels]) => model.forward(pixels as Tensor), {});
  }
  if (model instanceof Transformer) {
    if (typeof prompt !== 'object' || !('source' in prompt)) throw refuseKind('{ source, target }, ids of both', prompt);
    const ids = {
      source: checkedRows('source', prompt.source, model.sourceVocabulary, Number.POSITIVE_INFINITY),
      target: checkedRows('target', prompt.target, model.vocabulary, model.context),
    };
    return traced(feedsOf(ids), ([source, target]) => model.forward(source as Tensor, target as Tensor), ids);
  }
  const ids = { ids: checkedRows('prompt', idsOf(prompt, tokenizer), model.vocabulary, model.context) };
  return traced(feedsOf(ids), ([x]) => model.forward(x as Tensor), ids);
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

function traced(feeds: Traced['feeds'], forward: (inputs: readonly Tensor[]) => Tensor, ids: Traced['ids']): Traced {
  const inputs = Object.entries(feeds).map(([name, { shape, dtype }]) => ({ name, spec: input(name, shape as readonly Dim[], dtype) }));
  const output = withTraining(false, () => forward(inputs.map(({ spec }) => spec)));
  return { inputs, feeds, output, sites: sitesOf([output]), ids };
}

function feedsOf(ids: Traced['ids']): Record<string, HostArray> {
  return Object.fromEntries(
    Object.entries(ids).map(([name, rows]) => [
      name,
      new HostArray(Int32Array.from(rows.flat()), [rows.length, (rows[0] as readonly number[]).length], 'int32'),
    ]),
  );
}

function idsOf(prompt: LensPrompt, tokenizer: Tokenizer | undefined): IdRows {
  if (Array.isArray(prompt)) return prompt as IdRows;
  if (typeof prompt !== 'string') throw refuseKind('text or token ids', prompt);
  if (tokenizer !== undefined) return tokenizer.encode(prompt);
  throw fail('tokenizer', { where: 'lens', rule: 'ids, for a model without a tokenizer', got: 'text', fix: 'Give ids' });
}

function checkedRows(where: string, given: IdRows, vocabulary: number, context: number): readonly (readonly number[])[] {
  const rows = given.every((x) => typeof x === 'number') ? [given as readonly number[]] : (given as readonly (readonly number[])[]);
  const length = rows[0]?.length ?? 0;
  if (length === 0) throw fail('value', { where, rule: 'at least one token', got: 'none' });
  if (length > context) {
    const rule = `at most ${context} tokens, the model's context`;
    throw fail('value', { where, rule, got: String(length), fix: 'Shorten it' });
  }
  if (rows.some((r) => r.length !== length))
    throw fail('shape', { where, rule: 'rows of one length', got: rows.map((r) => r.length).join(', ') });
  const bad = rows.flat().find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (bad !== undefined) throw fail('value', { where, rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad) });
  return rows;
}

function refuseKind(rule: string, prompt: LensPrompt): Error {
  const got =
    prompt instanceof HostArray
      ? 'an array'
      : typeof prompt === 'string'
        ? 'text'
        : Array.isArray(prompt)
          ? 'token ids'
          : 'a source and a target';
  return fail('unsupported', { where: 'prompt', rule, got });
}
