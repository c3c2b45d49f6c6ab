/** Parts of each kind of text that tokenizers meet. */
const kinds: readonly (readonly string[])[] = [
  ['the', 'Once', 'upon', 'a', 'time,', 'I', "don't", "we'LL", 'end.', '(see', 'below)', '“quoted”', 'e.g.', 'O’Neil', '--', '…'],
  ['naïve', 'café', 'Ångström', 'ß', 'İstanbul', 'ĳ', 'Žižek', 'œuvre', 'Đà', 'Nẵng', 'ﬁne', 'Ω', 'ΣΊΣΥΦΟΣ', 'жизнь', 'ёлка'],
  ['日本語', 'テキスト', '中文字符', '，', '。', '한국어', '가나다', '𠀀𠀁', '々', 'ー', '「引用」', '㍿', 'ｱｲｳ', '１２３', '\u3000'],
  ['😀', '👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪', '☺️', '#️⃣', '🧑🏿‍🚀', '❤️‍🔥', '♀', '\u200d', '\ufe0f', '🫠'],
  ['العربية', 'مرحبا', 'السَّلَامُ', 'لله', '؟', '٣٫١٤', 'עברית', 'שָׁלוֹם', 'فارسی\u200cها', '\u200f', '\u202b', 'हिन्दी', 'ไทย', 'தமிழ்'],
  ['e\u0301', 'a\u0308\u0301', '\u0301', 'n\u0303o', 'q\u0323\u0307', 'Z\u0351\u036b\u0343', '\u1112\u1161\u11ab', 'İ\u0307', '\u20dd'],
  ['0', '7', '42', '1234567', '3.14', '-1e-10', '1,000,000', '0x1F', '½', 'ⅷ', '²³', '٤٢', '१२३', '10%', '$9.99', '2024-07-05'],
  [
    'for (let i = 0; i < n; ++i) {',
    '\treturn x;',
    '}',
    'def f(x):',
    '    pass',
    '<div class="a">',
    '</div>',
    'a::b->c',
    '!=',
    '/* c */',
    '\\n',
    '`$x`',
  ],
  [' ', '  ', '    ', '\t', '\t\t', '\n', '\n\n\n', '\r\n', '\u00a0', '\u2003', '\u2028', '\u0085', '\u3000', '\v\f'],
  [
    '\u0000',
    '\u0001',
    '\u0008',
    '\u001b[31m',
    '\u007f',
    '\u0080',
    '\u00ad',
    '\ufeff',
    '\ufffd',
    '\ufffe',
    '\ue000',
    '\u{10ffff}',
    '\u{e0041}',
  ],
  ['<s>', '</s>', '<unk>', '<|endoftext|>', '<|endoftext|', '[CLS]', '[SEP]', '[MASK]', '[UNK]', '[PAD]', '<0x0A>', '▁', 'Ġ', '##ing', 'Ċ'],
];

/** A small generator of our own, so that the lines are the same everywhere and for ever (Steele et al., SplitMix32's mixing). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  };
}

/**
 * Mixed lines: half of one kind, half of all kinds, parts joined by spaces or by nothing; every tenth has some code points
 * of any plane. Halves of surrogate pairs are in none.
 */
export function mixedLines(count: number): string[] {
  const next = numbers(7);
  const one = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  return Array.from({ length: count }, (_, line) => {
    const kind = kinds[line % kinds.length] as readonly string[];
    const isMixed = next(2) === 0;
    let text = '';
    for (let parts = 1 + next(12); parts > 0; parts--) text += one(isMixed ? one(kinds) : kind) + one(['', ' ', ' ']);
    if (line % 10 === 0) for (let more = 1 + next(6); more > 0; more--) text += anyCodePoint(next);
    return text;
  });
}

function anyCodePoint(next: (below: number) => number): string {
  const code = next(0x110000);
  return String.fromCodePoint(code >= 0xd800 && code < 0xe000 ? 0x4e00 + next(1000) : code);
}
