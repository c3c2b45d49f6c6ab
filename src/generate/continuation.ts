import { alternatives, logProbability } from './log-probability.js';
import type { Finish, GeneratedToken, GenerateOptions } from './options.js';
import type { Next } from './rows.js';
import { sample } from './sampling.js';
import { TextStream } from './text-stream.js';

/** One text that goes on: what it holds, how its next token is chosen, and when it ends. */
export class Continuation {
  /** The prompt and what follows it. */
  readonly ids: number[];
  isFinished: boolean;
  readonly #options: GenerateOptions;
  readonly #prompt: number;
  readonly #text: TextStream | undefined;

  constructor(prompt: ArrayLike<number>, options: GenerateOptions) {
    this.ids = Array.from(prompt);
    this.isFinished = options.maxNewTokens === 0;
    this.#options = options;
    this.#prompt = prompt.length;
    const { tokenizer, stop = [] } = options;
    this.#text = tokenizer === undefined ? undefined : new TextStream(tokenizer, this.ids, stop);
  }

  /** Draws the next token: by `sample`, with the seed and the token's index. */
  take({ logits, captured }: Next): GeneratedToken {
    const { alternatives: count = 0, stopIds = [], endIds = [], maxNewTokens, capture } = this.#options;
    const index = this.ids.length - this.#prompt;
    const id = sample(logits, this.#options, index, this.ids);
    this.ids.push(id);
    const isEnd = endIds.includes(id);
    const grown = isEnd ? this.#text && { text: '', stopped: false } : this.#text?.push(id);
    const finish: Finish | undefined = isEnd
      ? 'end'
      : grown?.stopped
        ? 'stop'
        : stopIds.includes(id)
          ? 'stopId'
          : index + 1 === maxNewTokens
            ? 'length'
            : undefined;
    this.isFinished = finish !== undefined;
    const rest = this.isFinished && !grown?.stopped ? (this.#text?.rest() ?? '') : '';
    return {
      id,
      logprob: logProbability(logits, id),
      index,
      ...(grown !== undefined && { text: grown.text + rest }),
      ...(count > 0 && { alternatives: alternatives(logits, count) }),
      ...((capture !== undefined || Object.keys(captured).length > 0) && { captured }),
      ...(finish !== undefined && { finish }),
    };
  }
}
