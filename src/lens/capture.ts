import { fail, HostArray, symbol } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { input } from '../ops/index.js';
import { lowerProgram, Program, type ProgramOptions, selectSites, sitesOf } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** A site of a model: its name and the shape its value would have. */
export interface Site {
  readonly name: string;
  /** Sizes, as text: numbers, and `B` and `T` where they depend on the input. */
  readonly shape: readonly string[];
}

/** Named values of one run. */
export type Captured = Readonly<Record<string, HostArray>>;

/** A view into a model: what it computes on the way. Works on any model whose `forward` takes ids. */
export class Lens {
  constructor(
    readonly model: LanguageModel,
    private readonly options: ProgramOptions & { readonly tokenizer?: Tokenizer | undefined } = {},
  ) {}

  /** Every site, in the order of computation, for inputs of B sequences of T tokens. */
  sites(): Site[] {
    const ids = input('ids', [symbol('B'), symbol('T')], 'int32');
    return [...sitesOf([this.model.forward(ids)])].map(([name, t]) => ({ name, shape: t.shape.map(String) }));
  }

  /**
   * Runs once and returns the values of the sites that the globs name.
   * @param prompt text (with a tokenizer), or ids as a list, or several lists of equal length
   * @returns site name to value, with axes as the site's role says; `logits` and others are sites like any
   * @throws name: no site matches; value: ids outside the vocabulary, more tokens than the context
   */
  async capture(prompt: string | readonly number[] | readonly (readonly number[])[], globs: string): Promise<Captured> {
    const rows = this.#rows(prompt);
    const length = rows[0]?.length ?? 0;
    const ids = input('ids', [rows.length, length], 'int32');
    const chosen = selectSites(sitesOf([this.model.forward(ids)]), globs);
    const lowered = lowerProgram(Object.fromEntries(chosen), [{ name: 'ids', spec: ids }], this.options);
    const program = await Program.create(lowered, this.options);
    try {
      return await program.run({ ids: new HostArray(Int32Array.from(rows.flat()), [rows.length, length], 'int32') });
    } finally {
      await program.dispose();
    }
  }

  #rows(prompt: string | readonly number[] | readonly (readonly number[])[]): readonly (readonly number[])[] {
    if (typeof prompt === 'string') {
      const { tokenizer } = this.options;
      if (tokenizer === undefined)
        throw fail('tokenizer', { where: 'lens', rule: 'ids, for a model without a tokenizer', got: 'text', fix: 'Give ids' });
      return this.#check([tokenizer.encode(prompt)]);
    }
    return this.#check(
      prompt.every((x) => typeof x === 'number') ? [prompt as readonly number[]] : (prompt as readonly (readonly number[])[]),
    );
  }

  #check(rows: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const { vocabulary, context } = this.model;
    const length = rows[0]?.length ?? 0;
    if (length === 0) throw fail('value', { where: 'prompt', rule: 'at least one token', got: 'none' });
    if (length > context)
      throw fail('value', {
        where: 'prompt',
        rule: `at most ${context} tokens, the model's context`,
        got: String(length),
        fix: 'Shorten it',
      });
    if (rows.some((r) => r.length !== length))
      throw fail('shape', { where: 'prompt', rule: 'rows of one length', got: rows.map((r) => r.length).join(', ') });
    const bad = rows.flat().find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
    if (bad !== undefined) throw fail('value', { where: 'prompt', rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad) });
    return rows;
  }
}

/** A lens on a model. @example await lens(model).capture([1, 2, 3], 'blocks.*.attention.pattern') */
export function lens(model: LanguageModel, options: ProgramOptions & { readonly tokenizer?: Tokenizer | undefined } = {}): Lens {
  return new Lens(model, options);
}
