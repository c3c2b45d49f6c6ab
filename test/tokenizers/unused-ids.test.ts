import { describe, expect, test } from 'vitest';
import { trainBpe, trainCharacterTokenizer, withUnusedIds } from '#dist/tokenizers/index.js';

describe('ids of a padded vocabulary', () => {
  test('have no text and a name; all else is the tokenizer’s own', async () => {
    const own = await trainBpe('the cat and the hat and the mat', { size: 262 });
    const padded = withUnusedIds(own, 270);
    const ids = own.encode('the cat, ünd');
    expect(padded.encode('the cat, ünd')).toEqual(ids);
    expect(padded.encodeToArray?.('the cat')).toEqual(own.encodeToArray?.('the cat'));
    expect(padded.encodeWithOffsets('the cat')).toEqual(own.encodeWithOffsets('the cat'));
    expect(padded.decodeBytes?.([...ids, 269])).toEqual(own.decodeBytes?.(ids));
    expect(padded.encodeBytes?.(Uint8Array.of(255, 65))).toEqual(own.encodeBytes?.(Uint8Array.of(255, 65)));
    expect([padded.size, padded.configJson, padded.toJson()]).toEqual([own.size, own.configJson, own.toJson()]);
    expect(padded.decode([262, ...ids.slice(0, 2), 269, ...ids.slice(2)])).toBe('the cat, ünd');
    expect(padded.tokens([...ids, 265])).toEqual([...own.tokens(ids), '<unused 265>']);
    for (const id of [270, -1, 0.5]) expect(() => padded.decode([id])).toThrow(/an id of the vocabulary/);
  });

  test('without padding it is the tokenizer itself; what that lacks is lacking', () => {
    const own = trainCharacterTokenizer('abc');
    expect(withUnusedIds(own, own.size)).toBe(own);
    expect(withUnusedIds(own, own.size + 1).decodeBytes).toBeUndefined();
  });
});
