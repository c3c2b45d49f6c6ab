import { fail, HostArray, type Shape, symbol } from '../../../core/index.js';
import { input } from '../../../ops/index.js';
import type { Prompt, TokenInfo } from '../../protocol/index.js';
import { mostTokens } from '../limits.js';
import type { OpenedTranslation } from '../opened.js';
import { refusePrompt } from './refuse-prompt.js';
import type { Subject } from './subject.js';
import { tokensOf } from './token-subject.js';

/** An encoder–decoder: a source, and what is known of its target behind the start token. */
export function translationSubject({ model, tokenizer, startId }: OpenedTranslation): Subject {
  const textOf = (id: number): string => tokenizer?.tokens([id])[0] ?? String(id);
  const start = startId === undefined ? [] : [{ id: startId, text: textOf(startId), start: 0, end: 0 }];

  /** Tokens of one side: of a text, or of ids; a model without a tokenizer reads ids in the text. */
  function side(given: string | readonly number[], name: string, vocabulary: number): TokenInfo[] {
    const ids = typeof given === 'string' && tokenizer === undefined ? idsIn(given, name) : given;
    const prompt: Prompt = typeof ids === 'string' ? { kind: 'text', text: ids } : { kind: 'ids', ids };
    const tokens = tokensOf(prompt, tokenizer, vocabulary);
    const bad = tokens.find(({ id }) => id >= vocabulary);
    if (bad !== undefined) throw fail('value', { where: name, rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad.id) });
    return tokens;
  }

  return {
    kind: 'translation',
    model,
    width: model.config.width,
    context: Math.min(model.context, mostTokens),
    vocabulary: model.vocabulary,
    labels: undefined,
    isPerToken: true,
    async prepare(prompt) {
      if (prompt.kind !== 'translation') return refusePrompt(prompt.kind, 'a source and a target');
      const source = side(prompt.source, 'source', model.sourceVocabulary);
      const written = side(prompt.target, 'target', model.vocabulary);
      const target = typeof prompt.target === 'string' ? [...start, ...written] : written;
      for (const [name, tokens] of Object.entries({ source, target }))
        if (tokens.length === 0) throw fail('value', { where: name, rule: 'at least one token', got: 'none', fix: 'Type something' });
      const [from, to] = [source.slice(0, mostTokens), target.slice(0, mostTokens)];
      const ids = to.map(({ id }) => id);
      const said = ids.slice(startId !== undefined && ids[0] === startId ? 1 : 0);
      return {
        tokens: to,
        source: from,
        ids,
        leftOut: source.length - from.length + target.length - to.length,
        feeds: { source: arrayOf(from.map(({ id }) => id)), target: arrayOf(ids) },
        ...(typeof prompt.target !== 'string' && { text: tokenizer?.decode(said) ?? said.join(' ') }),
      };
    },
    trace(shapes = { source: [1, symbol('S')], target: [1, symbol('T')] }) {
      const source = input('source', shapes.source as Shape, 'int32');
      const target = input('target', shapes.target as Shape, 'int32');
      const inputs = [
        { name: 'source', spec: source },
        { name: 'target', spec: target },
      ];
      return { inputs, result: model.forward(source, target) };
    },
    textOf,
  };
}

function arrayOf(ids: readonly number[]): HostArray {
  return new HostArray(Int32Array.from(ids), [1, ids.length], 'int32');
}

/** Numbers with spaces or commas between. @throws value: what is none */
function idsIn(text: string, where: string): number[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const bad = words.find((word) => !/^\d{1,9}$/.test(word));
  if (bad === undefined) return words.map(Number);
  throw fail('value', {
    where,
    rule: 'token ids, for a model without a tokenizer',
    got: JSON.stringify(bad.slice(0, 40)),
    fix: 'Give ids',
  });
}
