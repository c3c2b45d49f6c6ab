// docs/attention.md as text, from what every form declares of itself.

/** @typedef {import('../src/nn/form.js').FormDeclaration} FormDeclaration */

const opening = `# Every form of attention

An attention is made of named parts:

\`\`\`
scores  = score(query, key) + bias            how queries meet keys, and what is added     [B,H,T,S]
weights = normaliser(scores where mask)       who may meet whom, what makes weights of it  [B,H,T,S]
output  = mix(weights, value)                 how weights meet values                      [B,H,T,D]
\`\`\`

\`new Attention({ score, bias, mask, normaliser, mix })\` composes them; what is left out is scaled dot-product attention's. A part is a function, or a module where it has parameters. Axes: B texts, H heads, K key and value heads, T queries, S keys, D width of a head, C width of the model. \`i\` is a query's position, \`j\` a key's. To begin with, run [recipes/attention-by-hand.mjs](../recipes/attention-by-hand.mjs): three tokens, every matrix printed.

Masks are boolean, true = attend; a bias is a number that is added to a score. A query that may attend to nothing has weights of zero. With a cache, every part is asked for the kept keys and for the new ones, so nothing is copied together.

The columns: **time** and **memory** as they grow for one head of an attention that has the form, beyond its inputs and outputs; **exact**: whether the formula is computed, or approached; **causal**: *yes* by itself, *mask* beside the causal mask, *no* not even then; **cache**: whether tokens may come one by one with kept keys and values, at the same results. The laws in \`test/attention/laws\` hold the parts to the last two.

This page is written by \`npm run docs:attention\` from the declarations in the code; a test fails where it differs.
`;

/** What each part is for, before its table. @type {Readonly<Record<string, string>>} */
const introductions = {
  Scores:
    '`(query [B,H,T,D], key [B,K,S,D], places) → [B,H,T,S]`: one number for each query and key, of those two alone and where they stand. H/K neighbouring query heads share a key head.',
  Masks:
    '`(places) → bool`, broadcast to [B,H,T,S]: true = attend. Masks are functions of positions, so that the same mask serves a whole text, a cache and packed documents; `and`, `or`, `not` and `perHead` combine them. What is masked is still computed: a mask is a statement of who meets whom, not a saving.',
  Biases: '`(places) → float`, broadcast to [B,H,T,S]: added to the scores before the mask. Most tell how far a key is away.',
  Normalisers:
    '`(scores [B,H,T,S], mask) → weights [B,H,T,S]`: weights where the mask forbids are exactly zero, and a query that may attend to nothing has none, with finite gradients.',
  Mixes: '`(weights [B,H,T,S], value [B,K,S,D], places) → [B,H,T,D]`: a sum over keys, so that the keys may come in parts.',
  Structures:
    'Where queries, keys and values come from, how heads share them, and what becomes of the result. They take an attention made of the parts above, or are one.',
  'Long sequences':
    'Exact, without ever forming the pattern: the same function as a dense attention with a mask, which `materialised()` gives. Memory grows with the length.',
  Approximations:
    'Whole attentions whose time grows with the length, not with its square, and whose weights are only implied: `pattern(query, key)` says what they are, and `materialise` computes through them. What they err is measured in approximations.md.',
  Retention:
    'Attention without a normaliser, whose weights fade with distance: the same function as products of all pairs, in chunks, or as a state that is carried from token to token.',
  'State spaces':
    'No attention, but an answer to the same question: a state of fixed size that each token reads and writes, as it chooses.',
  Positions:
    'Attention by itself sees a set. Where its tokens stand is told by what is added to them, by how queries and keys are turned, by a score or a bias above, or by a causal mask alone.',
};

/**
 * @param {Readonly<Record<string, readonly FormDeclaration[]>>} forms by part
 * @returns {string} the page
 */
export function attentionPage(forms) {
  const sections = Object.entries(forms).map(([part, declared]) => {
    const introduction = introductions[part];
    if (introduction === undefined) throw new Error(`tools/attention-page.mjs: the part ${part} has no introduction. Write one`);
    return declared.length === 0 ? '' : `## ${part}\n\n${introduction}\n\n${table(declared)}`;
  });
  return [opening, ...sections.filter((text) => text !== '')].join('\n');
}

/** @param {readonly FormDeclaration[]} declared */
function table(declared) {
  const head = ['form', 'formula', 'paper', 'time', 'memory', 'exact', 'causal', 'cache', 'good for'];
  const rows = declared.map((form) => [
    `[${form.name}](../${form.file})`,
    `\`${form.formula}\``,
    form.paper,
    form.time,
    form.memory,
    form.exact ? 'exact' : 'approximate',
    form.causal,
    form.cacheable ? 'yes' : 'no',
    form.use,
  ]);
  // A bar would end the cell, in code too.
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}
