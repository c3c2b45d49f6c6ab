/**
 * A character tokenizer as `tokenizer.json`: BPE without merges, over the whole text. BPE begins with single code
 * points and merges none; nothing normalises or splits the text before, so newlines and spaces are characters like
 * any other; the decoder joins. Any reader of the format gives the same ids. (WordLevel would need an unknown token,
 * and a pattern that splits at every character is written differently for each reader's regular expressions.)
 */
export function characterJson(characters: readonly string[]): unknown {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(characters.map((c, id) => [c, id])),
      merges: [],
    },
  };
}

/** Transformers has no class of its own for it; and text must not be tidied up after decoding. */
export const characterConfig: unknown = { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false };

/** The characters by id, if a `tokenizer.json` is of this very form; otherwise `undefined`. */
export function charactersOf(json: unknown): string[] | undefined {
  const { vocab, merges } = (json as { model?: { vocab?: unknown; merges?: unknown } | null } | null)?.model ?? {};
  // Other vocabularies are far larger: they are told apart without a look at their tokens.
  if (!Array.isArray(merges) || merges.length > 0) return undefined;
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) return undefined;
  const entries = Object.entries(vocab as Record<string, unknown>);
  const characters = new Array<string>(entries.length);
  for (const [text, id] of entries) {
    const isCharacter = /^.$/su.test(text) && !/^[\ud800-\udfff]$/.test(text);
    if (!isCharacter || typeof id !== 'number' || !(id >= 0 && id < entries.length) || characters[id] !== undefined) return undefined;
    characters[id] = text;
  }
  if (characters.includes(undefined as never) || characters.length === 0) return undefined;
  return sameJson(json, characterJson(characters)) ? characters : undefined;
}

/** Equality of JSON values, whatever the order of keys; as deep as the second one, so a hostile first does no harm. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof b !== 'object' || b === null) return a === b;
  if (typeof a !== 'object' || a === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(b);
  return (
    Object.keys(a).length === keys.length &&
    keys.every((k) => Object.hasOwn(a, k) && sameJson((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k]))
  );
}
