import { fail, HostArray, symbol } from '../core/index.js';
import type { Bert, EncoderHead } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { input, type Tensor } from '../ops/index.js';
import { checkSites, type LoweredProgram, lowerProgram, Program, type ProgramOptions, sitesOf } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

export interface EncoderRunnerOptions extends ProgramOptions {
  /** Rows in one run, filled up to the longest; 16 by default. */
  readonly batch?: number;
  /** Looks at every site, and stops at the first NaN or infinity. */
  readonly check?: boolean;
  /** Gets each program as ONNX before it runs; the parameters are inputs of it. */
  readonly onProgram?: (onnx: Uint8Array) => void;
}

/** One text as an encoder reads it. */
export interface EncoderRow {
  readonly ids: readonly number[];
  /** Each id's type; 0 by default. */
  readonly types?: readonly number[];
}

/** What comes out of a row, [length, width]; of a whole text's head, [1, width]. */
export interface RowResult {
  readonly values: Float32Array;
  readonly width: number;
}

type Output = 'logits' | 'hidden';

/** An encoder with its tokenizer, made ready to run: rows of different lengths side by side, each as if it were alone. */
export class EncoderRunner {
  readonly #programs = new Map<Output, Promise<Program>>();

  /** @throws tokenizer: one whose ids the model has no embeddings for; value: a batch that is no number of rows */
  constructor(
    readonly model: Bert,
    readonly tokenizer: Tokenizer,
    private readonly options: EncoderRunnerOptions = {},
  ) {
    const { batch = 1 } = options;
    if (!Number.isInteger(batch) || batch < 1)
      throw fail('value', { where: 'batch', rule: 'a whole number of rows from 1', got: String(batch) });
    if (tokenizer.size > model.vocabulary) {
      throw fail('tokenizer', {
        where: 'encoder',
        rule: `a tokenizer of the model's vocabulary, ${model.vocabulary} ids at most`,
        got: `${tokenizer.size} ids`,
        fix: 'Take the tokenizer that belongs to the model',
      });
    }
  }

  /** @throws unsupported: a model with another head */
  requireHead<K extends EncoderHead['kind']>(kind: K, task: string): Extract<EncoderHead, { kind: K }> {
    const { head } = this.model.config;
    if (head.kind === kind) return head as Extract<EncoderHead, { kind: K }>;
    throw fail('unsupported', { where: task, rule: `a model with a head for it: ${headNames[kind]}`, got: headNames[head.kind] });
  }

  /**
   * Runs rows in batches.
   * @param output the head's scores, or the last layer's hidden states
   * @throws value: a row without tokens, or beyond the context; numeric: NaN or infinity, under `check`
   */
  async run(rows: readonly EncoderRow[], output: Output): Promise<RowResult[]> {
    rows.forEach(({ ids }, i) => {
      this.checkLength(ids.length, rows.length === 1 ? 'text' : `text ${i + 1}`);
    });
    const { batch = 16 } = this.options;
    const results: RowResult[] = [];
    for (let at = 0; at < rows.length; at += batch) results.push(...(await this.#runBatch(rows.slice(at, at + batch), output)));
    return results;
  }

  /** @throws value: more tokens than the context, or none */
  checkLength(length: number, where: string): void {
    const { context } = this.model;
    if (length >= 1 && length <= context) return;
    throw fail('value', {
      where,
      rule: `1 to ${context} tokens, the model's context, with those put around the text`,
      got: String(length),
      ...(length > context && { fix: 'Shorten it' }),
    });
  }

  /** Idempotent. */
  async dispose(): Promise<void> {
    const held = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(held.map(async (program) => (await program).dispose()));
  }

  async #runBatch(rows: readonly EncoderRow[], output: Output): Promise<RowResult[]> {
    const length = rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const shape = [rows.length, length];
    const ids = new Int32Array(rows.length * length).fill(this.model.config.padding);
    const types = new Int32Array(ids.length);
    const mask = new Uint8Array(ids.length);
    rows.forEach((row, r) => {
      ids.set(row.ids, r * length);
      types.set(row.types ?? [], r * length);
      mask.fill(1, r * length, r * length + row.ids.length);
    });
    const program = await this.#program(output);
    const values = await program.run({
      ids: new HostArray(ids, shape, 'int32'),
      mask: new HostArray(mask, shape, 'bool'),
      ...(this.model.config.types > 1 && { types: new HostArray(types, shape, 'int32') }),
    });
    if (this.options.check) checkSites(Object.entries(values));
    const { data, shape: got } = values[output] as HostArray;
    const width = got.at(-1) as number;
    const stride = (data.length / rows.length) | 0;
    return rows.map((row, r) => {
      const count = got.length === 3 ? row.ids.length * width : width;
      return { values: (data as Float32Array).slice(r * stride, r * stride + count), width };
    });
  }

  #program(output: Output): Promise<Program> {
    let program = this.#programs.get(output);
    if (program === undefined) {
      const lowered = this.#lower(output);
      this.options.onProgram?.(encodeModel(lowered.model));
      program = Program.create(lowered, this.options);
      this.#programs.set(output, program);
    }
    return program;
  }

  /** Batch and length stay open, so that one session serves every batch. */
  #lower(output: Output): LoweredProgram {
    const shape = [symbol('B'), symbol('T')];
    const ids = input('ids', shape, 'int32');
    const mask = input('mask', shape, 'bool');
    const types = this.model.config.types > 1 ? input('types', shape, 'int32') : undefined;
    const result = this.model.forward(ids, { mask, types });
    const sites = sitesOf([result]);
    const hidden = sites.get(`blocks.${this.model.config.layers - 1}.residual.post`) as Tensor;
    const wanted = { [output]: output === 'hidden' ? hidden : result };
    const outputs = this.options.check ? { ...Object.fromEntries(sites), ...wanted } : wanted;
    const inputs = Object.entries({ ids, mask, ...(types && { types }) }).map(([name, spec]) => ({ name, spec }));
    return lowerProgram(outputs, inputs, this.options);
  }
}

const headNames: Readonly<Record<EncoderHead['kind'], string>> = {
  none: 'no head',
  maskedLanguage: 'masked words',
  sequence: 'labels of texts',
  token: 'labels of tokens',
  question: 'answers in a context',
};
