// The layers of src/, read from docs/architecture.md: one table for people and for the lint.

/**
 * @typedef {object} Layers
 * @property {readonly string[]} folders
 * @property {(from: string, to: string) => string | undefined} objection why a folder may not import another; undefined if it may
 */

/**
 * @param {string} page the text of docs/architecture.md
 * @returns {Layers}
 */
export function readLayers(page) {
  const section = page.split(/^## The layers\s*$/m)[1]?.split(/^## /m)[0];
  const block = section?.match(/^```[^\n]*\n([\s\S]*?)^```/m);
  if (!section || !block) throw new Error('docs/architecture.md: expected a fenced table under "## The layers"');
  const lines = (block[1] ?? '').split('\n').filter((line) => line.trim() !== '');
  /** Where each folder stands: its line, its chain on that line, its place in the chain. @type {Map<string, { line: number, chain: number, place: number }>} */
  const at = new Map();
  lines.forEach((text, line) => {
    text.split('|').forEach((chainText, chain) => {
      chainText.split('→').forEach((name, place) => {
        at.set(name.trim(), { line, chain, place });
      });
    });
  });
  const never = bans(section.replace(block[0], ''), at);

  return {
    folders: [...at.keys()],
    objection(from, to) {
      if (from === to) return undefined;
      const a = at.get(from);
      const b = at.get(to);
      if (!a) return `src/${from} is not in the table of layers`;
      if (!b) return `src/${to} is not in the table of layers`;
      if (never.has(`${from} ${to}`)) return `${from} never imports ${to}`;
      if (b.line > a.line) return `upward: ${to} stands above ${from}`;
      if (b.line < a.line) return undefined;
      if (b.chain !== a.chain) return `sideways: ${from} and ${to} stand side by side`;
      return b.place < a.place ? undefined : `upward: ${to} stands right of ${from}`;
    },
  };
}

/**
 * The sentences "`a` … never import `b`" beside the table; `a → … → c` names all from a to c.
 * @param {string} prose
 * @param {ReadonlyMap<string, { line: number, chain: number, place: number }>} at
 * @returns {Set<string>} "from to"
 */
function bans(prose, at) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const sentence of prose.split(/[.:;]\s|\n\n/)) {
    const [left, right] = sentence.split(/\bnever import\b/);
    if (left === undefined || right === undefined) continue;
    for (const from of quoted(left).flatMap((name) => expand(name, at))) {
      for (const to of quoted(right)) if (at.has(to)) found.add(`${from} ${to}`);
    }
  }
  return found;
}

/** @param {string} text */
function quoted(text) {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/**
 * @param {string} name
 * @param {ReadonlyMap<string, { line: number, chain: number, place: number }>} at
 */
function expand(name, at) {
  const ends = name.split('→').map((part) => part.trim());
  const first = at.get(ends[0] ?? '');
  const last = at.get(ends.at(-1) ?? '');
  if (!first || !last) return [];
  return [...at]
    .filter(([, p]) => p.line === first.line && p.place >= first.place && p.place <= last.place && p.chain === first.chain)
    .map(([n]) => n);
}
