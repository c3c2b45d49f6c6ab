import { fail, HostArray, symbol } from '../core/index.js';
import type { TokenModel } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { input } from '../ops/index.js';
import { checkSites, type LoweredProgram, lowerProgram, Program, type ProgramOptions, selectSites, sitesOf } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** A site of a model: its name and the shape its value would have. */
export interface Site {
  readonly name: string;
  /** Sizes, as text: numbers, and `B` and `T` where they depend on the input. */
  readonly shape: readonly string[];
}

/** Named values of one run. */
export type Captured = Readonly<Record<string, HostArray>>;

export interface LensOptions extends ProgramOptions {
  /** Reads prompts that are text. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Looks at every site of the model, also those not asked for, and stops at the first NaN or infinity. */
  readonly check?: boolean;
}

/** What a model is run on: text (with a tokenizer), or ids as a list, or several lists of equal length. */
export type Prompt = string | readonly number[] | readonly (readonly number[])[];

/** Token ids of sequences of one length. */
type Rows = readonly (readonly number[])[];

/** A view into a model: what it computes on the way. Works on any model whose `forward` takes ids. */
export class Lens {
  constructor(
    readonly model: TokenModel,
    private readonly options: LensOptions = {},
  ) {}

  /** Every site, in the order of computation, for inputs of B sequences of T tokens. */
  sites(): Site[] {
    const ids = input('ids', [symbol('B'), symbol('T')], 'int32');
    return [...sitesOf([this.model.forward(ids)])].map(([name, t]) => ({ name, shape: t.shape.map(String) }));
  }

  /**
   * Runs once and returns the values of the sites that the globs name.
   * @returns site name to value, with axes as the site's role says; `logits` and others are sites like any
   * @throws name: no site matches; value: ids outside the vocabulary, more tokens than the context; numeric: NaN or
   * infinity, under `check`
   */
  async capture(prompt: Prompt, globs: string): Promise<Captured> {
    const rows = this.#rows(prompt);
    const { lowered, chosen } = this.#lower(rows, globs);
    const program = await Program.create(lowered, this.options);
    try {
      const values = await program.run({ ids: new HostArray(Int32Array.from(rows.flat()), shapeOf(rows), 'int32') });
      if (this.options.check) checkSites(Object.entries(values));
      return Object.fromEntries(chosen.map((name) => [name, values[name] as HostArray]));
    } finally {
      await program.dispose();
    }
  }

  /** The ONNX file of the program that `capture` would run on these arguments; the parameters are inputs of it. */
  onnx(prompt: Prompt, globs: string): Uint8Array {
    return encodeModel(this.#lower(this.#rows(prompt), globs).lowered.model);
  }

  /** The program, and the names of those of its outputs that were asked for. */
  #lower(rows: Rows, globs: string): { readonly lowered: LoweredProgram; readonly chosen: readonly string[] } {
    const ids = input('ids', shapeOf(rows), 'int32');
    const sites = sitesOf([this.model.forward(ids)]);
    const chosen = selectSites(sites, globs);
    const outputs = Object.fromEntries(this.options.check ? sites : chosen);
    return { lowered: lowerProgram(outputs, [{ name: 'ids', spec: ids }], this.options), chosen: [...chosen.keys()] };
  }

  #rows(prompt: Prompt): Rows {
    if (typeof prompt === 'string') {
      const { tokenizer } = this.options;
      if (tokenizer === undefined)
        throw fail('tokenizer', { where: 'lens', rule: 'ids, for a model without a tokenizer', got: 'text', fix: 'Give ids' });
      return this.#check([tokenizer.encode(prompt)]);
    }
    return this.#check(prompt.every((x) => typeof x === 'number') ? [prompt as readonly number[]] : (prompt as Rows));
  }

  #check(rows: Rows): Rows {
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

function shapeOf(rows: Rows): [number, number] {
  return [rows.length, rows[0]?.length ?? 0];
}

/** A lens on a model. @example await lens(model).capture([1, 2, 3], 'blocks.*.attention.pattern') */
export function lens(model: TokenModel, options: LensOptions = {}): Lens {
  return new Lens(model, options);
}
