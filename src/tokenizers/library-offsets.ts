import { type AlignedText, changedByPieces, realigned, sliceAligned, unchanged } from './aligned-text.js';
import { unspell } from './byte-alphabet.js';
import { type Engine, type LibraryToken, Tokenizer } from './library.js';
import { byteOfPiece, type Spelling, spellingOf } from './readable.js';
import { bytePlaces } from './utf8.js';

type Range = [start: number, end: number];
type Json = Readonly<Record<string, unknown>>;

/**
 * Where in a text the tokens come from that Hugging Face's library makes of it. The library does not say; so its steps
 * are taken one by one, each text aligned with the one it was made from: added tokens are set aside, the rest is
 * normalised, cut into words, and each word into tokens.
 */
export class OffsetFinder {
  readonly #engine: Engine;
  readonly #spelling: Spelling;
  readonly #model: Json;
  readonly #normalise: ((text: string) => string) | null;
  /** Tokens that the format puts before every text. */
  readonly before: number;

  constructor(json: unknown, engine: Engine) {
    const { decoder, model, normalizer, post_processor: post } = json as Json;
    this.#engine = engine;
    this.#spelling = spellingOf(decoder);
    this.#model = model as Json;
    this.before = tokensBefore(post);
    this.#normalise = remembered(pieceNormalizer(normalizer));
  }

  /** [start, end) of each token of a text, without those that the format puts around it. */
  find(text: string): Range[] {
    const { splitter_unnormalized: splitter } = this.#engine;
    const sections = this.#stripped(splitter.split(text));
    return sections.flatMap(({ text: section, at, token }, index): Range[] => {
      if (token !== undefined) return [[at, at + section.length]];
      return section === '' ? [] : this.#section(section, at, index);
    });
  }

  /** The parts of a text with their places; blanks go that a token beside them takes away. */
  #stripped(parts: readonly string[]): { text: string; at: number; token: LibraryToken | undefined }[] {
    let at = 0;
    const placed = parts.map((text) => {
      const part = { text, at, token: this.#engine.added_tokens_map.get(text) };
      at += text.length;
      return part;
    });
    placed.forEach(({ token }, i) => {
      const [previous, next] = [placed[i - 1], placed[i + 1]];
      if (token?.lstrip === true && previous !== undefined) previous.text = previous.text.trimEnd();
      if (token?.rstrip === true && next !== undefined) {
        const rest = next.text.trimStart();
        next.at += next.text.length - rest.length;
        next.text = rest;
      }
    });
    return placed;
  }

  #section(section: string, at: number, index: number): Range[] {
    const { normalizer, splitter_normalized: splitter } = this.#engine;
    let source = this.#normalise === null ? unchanged(section, at) : changedByPieces(section, at, this.#normalise);
    if (normalizer !== null) source = realigned(source, normalizer(section));
    return this.#stripped(splitter.split(source.text)).flatMap((part): Range[] => {
      const place = sliceAligned(source, part.at, part.at + part.text.length);
      if (part.text === '') return [];
      return part.token === undefined ? this.#words(place, index) : [rangeOf(place, 0, part.text.length, at)];
    });
  }

  #words(source: AlignedText, index: number): Range[] {
    const { pre_tokenizer: cut, model } = this.#engine;
    const words = cut === null ? [source.text] : cut(source.text, { section_index: index });
    const together = model([...words]);
    const apart = words.map((word) => model([word]));
    const texts = words.map((word) => this.#plain(word));
    const aligned = realigned(source, texts.join(''));
    // Unknown tokens of neighbouring words may be fused into one: then all words are looked at as a single one.
    if (apart.flat().length !== together.length) return this.#tokens(together, aligned);
    let from = 0;
    return texts.flatMap((text, w) => {
      const word = sliceAligned(aligned, from, from + text.length);
      from += text.length;
      return this.#tokens(apart[w] as string[], word);
    });
  }

  /** Where the tokens of a word are, by the bytes they stand for; an unknown one takes what is there until the next known. */
  #tokens(tokens: readonly string[], word: AlignedText): Range[] {
    const places = bytePlaces(word.text, 0, word.text.length);
    const lengths = tokens.map((token, i) => this.#byteLength(token, i > 0));
    const fallback = word.starts[0] ?? 0;
    let byte = 0;
    return tokens.map((_, i): Range => {
      let length = lengths[i] as number;
      if (length < 0) {
        const after = lengths.slice(i + 1).reduce((sum, n) => sum + Math.max(n, 0), 0);
        // With several unknown ones, the first that has something to take takes it.
        length = lengths.slice(i + 1).some((n) => n < 0)
          ? this.#unknownLength(word.text, places, byte, tokens[i + 1])
          : places.length - byte - after;
      }
      const first = places[Math.min(byte, places.length)];
      const last = places[Math.min(byte + length, places.length) - 1];
      byte += length;
      if (length <= 0 || first === undefined || last === undefined) {
        const end = first === undefined ? (word.ends.at(-1) ?? fallback) : (word.starts[first[0]] as number);
        return [end, end];
      }
      return rangeOf(word, first[0], last[1], fallback);
    });
  }

  /** Bytes from `byte` on until the next token of a word is found; none where that is unknown too. */
  #unknownLength(text: string, places: readonly Range[], byte: number, next: string | undefined): number {
    const from = places[byte]?.[0];
    if (from === undefined || next === undefined || next === this.#engine.model.unk_token) return 0;
    const found = text.indexOf(this.#surface(next, true), from + 1);
    const end = places.findIndex(([start]) => start === found);
    return found < 0 || end < 0 ? 0 : end - byte;
  }

  /** UTF-8 bytes of the text that a token stands for; −1 for the unknown one. */
  #byteLength(token: string, inside: boolean): number {
    const isUnknown = token === this.#engine.model.unk_token && this.#model.type !== 'Unigram';
    if (isUnknown) return -1;
    if (this.#spelling === 'bytes') return unspell(token)?.length ?? new TextEncoder().encode(token).length;
    if (this.#model.byte_fallback === true && this.#model.type === 'BPE' && byteOfPiece(token) !== undefined) return 1;
    return new TextEncoder().encode(this.#surface(token, inside)).length;
  }

  /** A token without the marks of its vocabulary. */
  #surface(token: string, inside: boolean): string {
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix, type } = this.#model;
    if (type === 'WordPiece' && inside && typeof prefix === 'string' && token.startsWith(prefix)) return token.slice(prefix.length);
    return typeof suffix === 'string' && suffix !== '' && token.endsWith(suffix) ? token.slice(0, -suffix.length) : token;
  }

  /** A word as text, where it is spelled in bytes. */
  #plain(word: string): string {
    const bytes = this.#spelling === 'bytes' ? unspell(word) : undefined;
    return bytes === undefined ? word : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }
}

/** The part of the original text that units [from, to) come from, what was put in left aside. */
function rangeOf({ starts, ends }: AlignedText, from: number, to: number, otherwise: number): Range {
  let range: Range | undefined;
  for (let unit = from; unit < to; unit++) {
    const [start, end] = [starts[unit] as number, ends[unit] as number];
    if (start === end) continue;
    range = range === undefined ? [start, end] : [range[0], Math.max(range[1], end)];
  }
  const at = starts[from] ?? otherwise;
  return range ?? [at, at];
}

function tokensBefore(post: unknown): number {
  const { type, single, processors } = (post ?? {}) as { type?: string; single?: Json[]; processors?: unknown[] };
  if (type === 'BertProcessing' || type === 'RobertaProcessing') return 1;
  if (type === 'Sequence') return (processors ?? []).reduce((sum: number, p) => sum + tokensBefore(p), 0);
  if (type !== 'TemplateProcessing' || single === undefined) return 0;
  return single.findIndex((item) => 'Sequence' in item);
}

/** The normaliser for a piece of a text: without what is done to the ends of the whole. */
function pieceNormalizer(json: unknown): ((text: string) => string) | null {
  const local = withoutEnds(json);
  if (local === null) return null;
  const model = { type: 'BPE', vocab: {}, merges: [] };
  const frame = { normalizer: local, pre_tokenizer: null, model, post_processor: null, decoder: null, added_tokens: [] };
  return new Tokenizer(frame, {}).normalizer;
}

function withoutEnds(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return null;
  const { type, normalizers } = json as { type?: unknown; normalizers?: unknown[] };
  if (type === 'Prepend' || type === 'Strip') return null;
  return type === 'Sequence' ? { ...json, normalizers: (normalizers ?? []).map(withoutEnds).filter((n) => n !== null) } : json;
}

/** A text's characters come again and again. */
function remembered(work: ((text: string) => string) | null): ((text: string) => string) | null {
  if (work === null) return null;
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = work(text);
    if (known.size < 2 ** 16) known.set(text, made);
    return made;
  };
}
