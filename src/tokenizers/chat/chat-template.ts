import { withinTime } from '#time-limit';
import { fail, type HeadlightError } from '../../core/index.js';
import type { Tokenizer } from '../tokenizer.js';
import { BeyondLimit, parseJinja, renderJinja } from './jinja.js';
import type { ChatMessage } from './message.js';
import { strftime } from './strftime.js';

export interface ChatTemplateOptions {
  /** What errors call the template. */
  readonly where?: string;
  /** Texts of special tokens by their names in `tokenizer_config.json`: `bos_token`, `eos_token`, … */
  readonly specialTokens?: Readonly<Record<string, string>>;
  /** Longest that one rendering may take; 2,000 by default. Holds in Node; in a browser, only steps and sizes are bounded. */
  readonly milliseconds?: number;
}

export interface RenderOptions {
  /** Whether to end with what comes before the assistant's answer; true by default. */
  readonly addGenerationPrompt?: boolean;
  /** The time that `strftime_now` tells; now by default. */
  readonly now?: Date;
}

/** Thrown by a template's own `raise_exception`. */
class Raised extends Error {}

/**
 * A chat template: a Jinja program that writes a conversation as the text a model was trained on, as Hugging Face's
 * `apply_chat_template` renders it. It sees `messages`, `add_generation_prompt`, the special tokens' texts, `tools` and
 * `documents` (none), `raise_exception` and `strftime_now`.
 *
 * A template comes with a model, from strangers: it sees nothing else, and its size, steps, values and time are bounded.
 */
export class ChatTemplate {
  readonly source: string;
  readonly #where: string;
  readonly #specialTokens: Readonly<Record<string, string>>;
  readonly #milliseconds: number;
  readonly #program: ReturnType<typeof parseJinja>;

  /** @throws tokenizer: what is no template */
  constructor(source: string, { where = 'chat template', specialTokens = {}, milliseconds = 2000 }: ChatTemplateOptions = {}) {
    this.source = source;
    this.#where = where;
    this.#specialTokens = specialTokens;
    this.#milliseconds = milliseconds;
    this.#program = this.#limited('a template that can be parsed', () => parseJinja(source));
  }

  /**
   * The text of a conversation, special tokens written out.
   * @throws tokenizer: a conversation that the template refuses (roles in another order, …), or a template that fails
   */
  render(messages: readonly ChatMessage[], { addGenerationPrompt = true, now = new Date() }: RenderOptions = {}): string {
    const variables = {
      ...this.#specialTokens,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: addGenerationPrompt,
      tools: null,
      documents: null,
      raise_exception(message: unknown): never {
        throw new Raised(String(message));
      },
      strftime_now: (format: unknown) => strftime(now, String(format)),
    };
    const rendered = this.#limited('a template that can be rendered', () => ({ text: renderJinja(this.#program, variables) }));
    return rendered.text;
  }

  /**
   * The ids of a conversation. Special tokens stand in the rendered text and become their ids; none is added to it.
   * @throws as `render`, and as `encode`
   */
  encode(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: RenderOptions = {}): number[] {
    return tokenizer.encode(this.render(messages, options), { specialTokens: false });
  }

  #limited<T extends object>(rule: string, run: () => T): T {
    let result: T | undefined;
    try {
      result = withinTime(this.#milliseconds, run);
    } catch (error) {
      throw this.#failed(rule, error);
    }
    if (result !== undefined) return result;
    throw this.#failed(rule, new BeyondLimit(`more than ${this.#milliseconds} ms`));
  }

  #failed(rule: string, error: unknown): HeadlightError {
    const message = error instanceof Error ? error.message : String(error);
    const got = message.replace(/\s+/g, ' ').trim().slice(0, 200);
    if (error instanceof Raised) {
      const fix = 'Change the messages, or choose another template';
      return fail('tokenizer', { where: this.#where, rule: 'a conversation that the template accepts', got, fix });
    }
    const measured = error instanceof BeyondLimit ? `${rule} within its limits` : rule;
    return fail('tokenizer', { where: this.#where, rule: measured, got, fix: 'Choose another template', cause: error });
  }
}
