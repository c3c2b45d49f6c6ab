import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import type { ChatMessage, ChatTemplate, Tokenizer } from '../tokenizers/index.js';
import { Continuation } from './continuation.js';
import { nextTokens } from './generate.js';
import { type KeptPrefixRows, keptPrefixRows } from './kept-prefix.js';
import { decodingLoop } from './loop.js';
import type { NextTokens } from './next-tokens.js';
import { checkOptions, type GeneratedToken, type GenerateOptions } from './options.js';

export interface ConversationOptions extends Omit<GenerateOptions, 'signal' | 'tokenizer'> {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** What the model is told first. */
  readonly system?: string;
}

/**
 * A conversation with a model: each message is written with the ones before it by the chat template, and answered until
 * a token of `endIds`, or a stop. What was read stays in the key–value cache, so that a turn costs its own tokens only.
 *
 * Turn n draws with the seed + n.
 */
export class Conversation {
  readonly #source: NextTokens;
  readonly #rows: KeptPrefixRows;
  readonly #options: ConversationOptions;
  readonly #messages: ChatMessage[];
  #turn = 0;
  #isBusy = false;

  private constructor(source: NextTokens, options: ConversationOptions) {
    this.#source = source;
    this.#rows = keptPrefixRows(source);
    this.#options = options;
    this.#messages = systemOf(options);
  }

  /** @throws value: a bad option */
  static async create(model: LanguageModel, options: ConversationOptions): Promise<Conversation> {
    checkOptions(model, [0], options);
    return new Conversation(await nextTokens(model, options), options);
  }

  /** All that was said, the system's message first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Tokens of the last prompt that were not read again. */
  get reused(): number {
    return this.#rows.reused;
  }

  /** The ids that are read for a next message of the user. @throws tokenizer: a template that fails */
  promptIds(content: string): number[] {
    const { template, tokenizer } = this.#options;
    return template.encode(tokenizer, [...this.#messages, { role: 'user', content }]);
  }

  /**
   * Answers a message, token by token. The answer, as far as it came, joins the messages when the iteration ends, however
   * it ends; where no token came, the message was not said. An answer that fills the context ends with `length`.
   * @throws value: an empty message, a conversation beyond the context, two answers at a time; tokenizer: a template that
   * fails; the signal's reason, when it aborts
   */
  async *reply(content: string, { signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<GeneratedToken, void, undefined> {
    const where = 'chat';
    if (content === '') throw fail('value', { where, rule: 'a message of at least one character', got: '""' });
    if (this.#isBusy) throw fail('value', { where, rule: 'one answer at a time', got: 'a message before the last was answered' });
    const prompt = this.promptIds(content);
    const { context } = this.#source;
    if (prompt.length > context) {
      const rule = `a conversation of at most ${context} tokens, the model's context`;
      throw fail('value', { where, rule, got: `${prompt.length}`, fix: 'Shorten the message, or begin anew (/reset)' });
    }
    const { maxNewTokens, seed = 0 } = this.#options;
    const room = context - prompt.length + 1;
    const options = { ...this.#options, maxNewTokens: Math.min(maxNewTokens, room), seed: seed + this.#turn };
    checkOptions(this.#source, prompt, options);
    const text = new Continuation(prompt, options);
    const said: string[] = [];
    this.#isBusy = true;
    try {
      for await (const { row: _, ...token } of decodingLoop(this.#rows, [text], signal)) {
        said.push(token.text ?? '');
        yield token;
      }
    } finally {
      this.#isBusy = false;
      if (said.length > 0) {
        this.#messages.push({ role: 'user', content }, { role: 'assistant', content: said.join('') });
        this.#turn++;
      }
    }
  }

  /** Forgets all but the system's message. */
  reset(): void {
    this.#messages.splice(0, this.#messages.length, ...systemOf(this.#options));
    this.#turn = 0;
  }

  async dispose(): Promise<void> {
    await this.#source.dispose();
  }
}

function systemOf({ system }: ConversationOptions): ChatMessage[] {
  return system === undefined ? [] : [{ role: 'system', content: system }];
}
