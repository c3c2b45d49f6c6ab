import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { Conversation, type ConversationOptions, type GeneratedToken, generateAll, nextTokens } from '#dist/generate/index.js';
import { keptPrefixRows } from '#dist/generate/kept-prefix.js';
import type { GPT2 } from '#dist/models/index.js';
import { ChatTemplate, chatml, type Tokenizer, trainBpe } from '#dist/tokenizers/index.js';
import { wanderingModel, withoutCache } from './models.js';

let tokenizer: Tokenizer;
let model: GPT2;
let options: ConversationOptions;

beforeAll(async () => {
  const specialTokens = ['<|im_start|>', '<|im_end|>'];
  tokenizer = await trainBpe(generateStories({ seed: 1, characters: 5000 }), { size: 300, specialTokens });
  model = wanderingModel({ vocabulary: tokenizer.size, context: 320 });
  options = { tokenizer, template: new ChatTemplate(chatml), maxNewTokens: 12, temperature: 0 };
});

async function answer(conversation: Conversation, content: string): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = [];
  for await (const token of conversation.reply(content)) tokens.push(token);
  return tokens;
}

const texts = ['Marlow lived by the mill.', 'Who?', 'And then 字 😀?'];

describe('a conversation', () => {
  test('special tokens of the template become their ids, and none is doubled', () => {
    const [start, end] = [tokenizer.idOf('<|im_start|>'), tokenizer.idOf('<|im_end|>')];
    const ids = options.template.encode(tokenizer, [{ role: 'user', content: 'a' }]);
    const plain = (text: string): number[] => tokenizer.encode(text);
    expect(ids).toEqual([start, ...plain('user\na'), end, ...plain('\n'), start, ...plain('assistant\n')]);
  });

  test('each turn gives what reading the whole conversation anew gives, with and without a cache', async () => {
    for (const each of [model, withoutCache(model)]) {
      const conversation = await Conversation.create(each, { ...options, system: 'Be brief.' });
      for (const text of texts) {
        const prompt = conversation.promptIds(text);
        const tokens = await answer(conversation, text);
        const anew = await generateAll(model, prompt, { ...options, tokenizer });
        expect(tokens.map(({ id }) => id)).toEqual(anew.newIds);
        for (const [i, { logprob }] of tokens.entries()) expect(logprob).toBeCloseTo(anew.logprobs[i] as number, 4);
        expect(conversation.messages.at(-1)).toEqual({ role: 'assistant', content: anew.text });
      }
      expect(conversation.messages.map(({ role }) => role)).toEqual(['system', ...texts.flatMap(() => ['user', 'assistant'])]);
      await conversation.dispose();
    }
  });

  test('a turn reads only what is new: all that was read before is kept', async () => {
    const conversation = await Conversation.create(model, { ...options, stopIds: [] });
    const first = conversation.promptIds(texts[0] as string);
    await answer(conversation, texts[0] as string);
    expect(conversation.reused).toBe(0);
    await answer(conversation, texts[1] as string);
    expect(conversation.reused).toBeGreaterThanOrEqual(first.length);
    await conversation.dispose();
  });

  test('turn n draws with the seed + n; after a reset the same again', async () => {
    const conversation = await Conversation.create(model, { ...options, temperature: 1, seed: 5 });
    const all: number[][] = [];
    for (const text of [texts[0] as string, texts[1] as string]) all.push((await answer(conversation, text)).map(({ id }) => id));
    conversation.reset();
    expect(conversation.messages).toEqual([]);
    for (const [n, text] of [texts[0] as string, texts[1] as string].entries()) {
      const prompt = conversation.promptIds(text);
      const again = (await answer(conversation, text)).map(({ id }) => id);
      expect(again).toEqual(all[n]);
      expect(again).toEqual((await generateAll(model, prompt, { ...options, temperature: 1, seed: 5 + n })).newIds);
    }
    await conversation.dispose();
  });

  test('a token that ends the answer ends it and is no part of it', async () => {
    const conversation = await Conversation.create(model, options);
    const free = await answer(conversation, 'Marlow');
    await conversation.dispose();
    const ids = free.map(({ id }) => id);
    const at = ids.findIndex((id, i) => i > 2 && tokenizer.decode([id]) !== '' && ids.indexOf(id) === i);
    const ended = await Conversation.create(model, { ...options, endIds: [ids[at] as number] });
    const tokens = await answer(ended, 'Marlow');
    expect(tokens.at(-1)?.finish).toBe('end');
    expect(tokens).toHaveLength(at + 1);
    const [user, reply] = ended.messages;
    expect(user?.content).toBe('Marlow');
    expect(reply?.content).toBe(tokenizer.decode(ids.slice(0, at)).replace(/\ufffd+$/, ''));
    await ended.dispose();
  });

  test('stopped midway: the answer so far is kept; stopped before, nothing was said', async () => {
    const conversation = await Conversation.create(model, options);
    const stop = new AbortController();
    const reply = conversation.reply('Marlow', { signal: stop.signal });
    const first = (await reply.next()).value;
    const second = (await reply.next()).value;
    stop.abort();
    await expect(reply.next()).rejects.toThrow();
    expect(conversation.messages[1]?.content).toBe(`${first?.text}${second?.text}`);
    await expect(conversation.reply('More', { signal: stop.signal }).next()).rejects.toThrow();
    expect(conversation.messages).toHaveLength(2);
    expect(await answer(conversation, 'More')).toHaveLength(12);
    await conversation.dispose();
  });

  test('the end of the context ends an answer, and one line says when a conversation is longer', async () => {
    const short = wanderingModel({ vocabulary: tokenizer.size, context: 40 });
    const conversation = await Conversation.create(short, { ...options, maxNewTokens: 1000 });
    const prompt = conversation.promptIds('ab');
    const tokens = await answer(conversation, 'ab');
    expect(tokens).toHaveLength(40 - prompt.length + 1);
    expect(tokens.at(-1)?.finish).toBe('length');
    await expect(answer(conversation, 'ab')).rejects.toThrow(
      /^chat: a conversation of at most 40 tokens, the model's context; got \d+\. Shorten/,
    );
    expect(conversation.messages).toHaveLength(2);
    await conversation.dispose();
  });

  test('nothing to say, and two at a time, are refused', async () => {
    const conversation = await Conversation.create(model, options);
    await expect(answer(conversation, '')).rejects.toThrow('a message of at least one character');
    const reply = conversation.reply('a');
    await reply.next();
    await expect(answer(conversation, 'b')).rejects.toThrow('one answer at a time');
    await reply.return(undefined);
    await answer(conversation, 'b');
    await conversation.dispose();
  });
});

describe('a kept prefix', () => {
  test('logits equal those of reading anew, wherever the texts part', async () => {
    const source = await nextTokens(model);
    const rows = keptPrefixRows(source);
    const text = Array.from({ length: 60 }, (_, i) => (i * 37) % tokenizer.size);
    await rows.read(0, text);
    for (const parting of [59, 60, 30, 1, 0]) {
      const ids = [...text.slice(0, parting), 3, 5, 8, 13];
      const { logits } = await rows.read(0, ids);
      expect(rows.reused).toBe(parting);
      expect(rows.length(0)).toBe(ids.length);
      const anew = await nextTokens(model);
      const expected = await anew.append(ids);
      expect(Math.max(...logits.map((x, i) => Math.abs(x - (expected[i] as number))))).toBeLessThan(1e-4);
      await anew.dispose();
      await rows.read(0, text);
    }
    // The same text again: its last token is read anew, for its logits.
    await rows.read(0, text);
    expect(rows.reused).toBe(59);
    await source.dispose();
  });
});
