import { fail, HostArray, type Shape, symbol } from '../../../core/index.js';
import { input } from '../../../ops/index.js';
import type { Tokenizer } from '../../../tokenizers/index.js';
import type { Prompt, TokenInfo } from '../../protocol/index.js';
import { mostCharacters, mostTokens } from '../limits.js';
import type { OpenedText } from '../opened.js';
import { StudioError } from '../refusal.js';
import { refusePrompt } from './refuse-prompt.js';
import type { Prepared, Subject } from './subject.js';

/** A model that takes tokens: a decoder or an encoder. */
export function tokenSubject({ kind, model, tokenizer, labels }: OpenedText): Subject {
  const most = Math.min(model.context, mostTokens);
  const symbolic = model.forward(input('ids', [1, symbol('T')], 'int32'));
  return {
    kind,
    model,
    width: widthOf(symbolic.shape),
    context: model.context,
    vocabulary: model.vocabulary,
    labels,
    isPerToken: symbolic.rank === 3,
    async prepare(prompt) {
      const all = tokensOf(prompt, tokenizer, model.vocabulary);
      if (all.length === 0)
        throw fail('value', { where: 'prompt', rule: 'a text of at least one token', got: 'none', fix: 'Type something' });
      const tokens = all.slice(0, most);
      const ids = tokens.map(({ id }) => id);
      return {
        tokens,
        ids,
        leftOut: all.length - tokens.length,
        feeds: { ids: new HostArray(Int32Array.from(ids), [1, ids.length], 'int32') },
        ...(prompt.kind === 'ids' && tokenizer !== undefined && { text: tokenizer.decode(ids) }),
      };
    },
    trace(shapes = { ids: [1, symbol('T')] }) {
      const ids = input('ids', shapes.ids as Shape, 'int32');
      return { inputs: [{ name: 'ids', spec: ids }], result: model.forward(ids) };
    },
    textOf: (id) => (labels !== undefined ? (labels[id] ?? String(id)) : (tokenizer?.tokens([id])[0] ?? String(id))),
  };

  function widthOf(shape: Shape): number {
    const config = (model as unknown as { readonly config?: { readonly width?: number } }).config;
    return config?.width ?? Number(shape.at(-1));
  }
}

/** The tokens of a text or of ids, with where each stands. @throws limit: a text beyond any that can be looked at */
export function tokensOf(prompt: Prompt, tokenizer: Tokenizer | undefined, vocabulary: number): TokenInfo[] {
  if (prompt.kind === 'text') {
    checkLength(prompt.text);
    if (tokenizer === undefined)
      throw fail('tokenizer', { where: 'prompt', rule: 'token ids, for a model without a tokenizer', got: 'text', fix: 'Give ids' });
    return textTokens(prompt.text, tokenizer);
  }
  if (prompt.kind !== 'ids') return refusePrompt(prompt.kind, 'text or token ids');
  const ids = prompt.ids.slice(0, mostCharacters);
  const bad = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (bad !== undefined) throw fail('value', { where: 'prompt', rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad) });
  const texts = tokenizer?.tokens(ids) ?? ids.map(String);
  return ids.map((id, i) => ({ id, text: texts[i] as string, start: 0, end: 0 }));
}

function checkLength(text: string): void {
  if (text.length <= mostCharacters) return;
  const got = `${text.length.toLocaleString('en')} characters`;
  throw new StudioError('limit', `The text has ${got}; at most ${mostCharacters.toLocaleString('en')} can be looked at.`, 'Shorten it.');
}

function textTokens(text: string, tokenizer: Tokenizer): TokenInfo[] {
  const { ids, offsets } = tokenizer.encodeWithOffsets(text);
  const texts = tokenizer.tokens(ids);
  return ids.map((id, i) => {
    const [start, end] = offsets[i] as [number, number];
    return { id, text: texts[i] as string, start, end };
  });
}

/** The ids that a prepared prompt is run on. @throws unsupported: a prompt of no ids */
export function idsOf({ ids }: Prepared): readonly number[] {
  if (ids !== undefined) return ids;
  throw fail('unsupported', { where: 'prompt', rule: 'a prompt of tokens', got: 'an image' });
}
