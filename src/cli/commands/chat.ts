import { samplingDefaults } from '../../checkpoints/index.js';
import { HeadlightError } from '../../core/index.js';
import { Conversation, type ConversationOptions, type GeneratedToken } from '../../generate/index.js';
import { openChatCheckpoint } from '../chat-checkpoint.js';
import { exitCode } from '../exit-code.js';
import { type GenerationFlags, generateOptionsOf } from '../generation-options.js';
import type { CommandIo, LineInput } from '../io.js';

export interface ChatFlags extends GenerationFlags {
  readonly system?: string;
  readonly prompt?: readonly string[];
  readonly template?: string;
  readonly json?: boolean;
}

/** An answer, as JSON has it. */
interface Reply {
  readonly text: string;
  readonly newIds: readonly number[];
  readonly logprobs: readonly number[];
  readonly finish: string;
  readonly promptTokens: number;
  /** Of the prompt's tokens, those that were not read again. */
  readonly reusedTokens: number;
}

const commands = ['/reset', '/exit'] as const;

/**
 * Talks with a model: turn by turn on a terminal, else each `--prompt`, or each line of standard input, is a turn.
 * JSON: `replies` (text, newIds, logprobs, finish, promptTokens, reusedTokens), `messages`, and `tokensPerSecond`.
 */
export async function chatCommand(name: string, flags: ChatFlags, io: CommandIo, finish: (code: number) => void): Promise<void> {
  const { model, tokenizer, template, endIds, endTexts, path } = await openChatCheckpoint(name, flags.template);
  const given = generateOptionsOf({ ...flags, stop: [...(flags.stop ?? []), ...endTexts] }, tokenizer, await samplingDefaults(path));
  const options: ConversationOptions = {
    ...given,
    template,
    endIds,
    ...(flags.system !== undefined && { system: flags.system }),
  };
  const conversation = await Conversation.create(model, options);
  const input = flags.prompt === undefined ? io.input?.() : undefined;
  const talk = new Talk(conversation, io, input, flags.json === true);
  try {
    if (input?.isTerminal) io.note(`${name}: say something; Ctrl-C stops an answer; ${commands.join(', ')}`);
    if (input === undefined) for (const text of flags.prompt ?? []) await talk.say(text);
    else await talk.listen(input);
    talk.finish();
    if (talk.wasInterrupted) finish(exitCode.interrupted);
  } finally {
    input?.close();
    await conversation.dispose();
  }
}

/** One session: what was said, what was answered, and how fast. */
class Talk {
  wasInterrupted = false;
  readonly #conversation: Conversation;
  readonly #io: CommandIo;
  readonly #input: LineInput | undefined;
  readonly #json: boolean;
  readonly #replies: Reply[] = [];
  #seconds = 0;

  constructor(conversation: Conversation, io: CommandIo, input: LineInput | undefined, json: boolean) {
    this.#conversation = conversation;
    this.#io = io;
    this.#input = input;
    this.#json = json;
  }

  /** Takes turns until the input ends. On a terminal a turn that cannot be said is told, and another may be. */
  async listen(input: LineInput): Promise<void> {
    for (let line = await input.next('> '); line !== undefined && !this.wasInterrupted; line = await input.next('> ')) {
      const text = line.trim();
      if (text === '') continue;
      if (text === '/exit') return;
      if (text === '/reset') this.#conversation.reset();
      else if (/^\/[a-z]+$/.test(text)) this.#io.note(`${text}: no command; there are ${commands.join(' and ')}`);
      else {
        try {
          await this.say(text);
        } catch (error) {
          if (!input.isTerminal || !(error instanceof HeadlightError)) throw error;
          this.#io.note(`headlight: ${error.message}`);
        }
      }
    }
    if (input.isTerminal && !this.#json) this.#io.out('\n'); // after the prompt that nothing was said at
  }

  /** One turn. An answer that is stopped is kept as far as it came. */
  async say(text: string): Promise<void> {
    if (this.wasInterrupted) return;
    const onTerminal = this.#input?.isTerminal === true;
    const signal = onTerminal ? this.#input?.answering() : this.#io.interrupted();
    const tokens: GeneratedToken[] = [];
    const begun = performance.now();
    const promptTokens = this.#conversation.promptIds(text).length;
    try {
      for await (const token of this.#conversation.reply(text, signal ? { signal } : {})) {
        tokens.push(token);
        if (onTerminal && !this.#json) this.#io.out(token.text ?? '');
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      this.wasInterrupted = !onTerminal;
    }
    this.#seconds += (performance.now() - begun) / 1000;
    const answer = tokens.map((token) => token.text ?? '').join('');
    if (!this.#json) this.#io.out(onTerminal ? '\n' : `${answer}\n`);
    this.#replies.push({
      text: answer,
      newIds: tokens.map(({ id }) => id),
      logprobs: tokens.map(({ logprob }) => logprob),
      finish: tokens.at(-1)?.finish ?? 'stopped',
      promptTokens,
      reusedTokens: this.#conversation.reused,
    });
  }

  finish(): void {
    const count = this.#replies.reduce((sum, { newIds }) => sum + newIds.length, 0);
    const tokensPerSecond = count / Math.max(1e-3, this.#seconds);
    const { messages } = this.#conversation;
    if (this.#json) this.#io.out(`${JSON.stringify({ replies: this.#replies, messages, tokensPerSecond })}\n`);
    else if (count > 0) this.#io.note(`${count} tokens, ${tokensPerSecond.toFixed(0)} per second`);
  }
}
