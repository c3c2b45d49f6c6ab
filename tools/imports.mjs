// Finds the imports of a TypeScript file by reading its tokens: comments, strings and regular expressions are skipped,
// so an import written inside one of them is not taken for an import.

/**
 * @typedef {object} Import
 * @property {string} from what stands between the quotes
 * @property {'value' | 'type' | 'dynamic'} kind type: `import type`, `export type`; dynamic: `import('…')`
 * @property {number} line counted from 1
 */

/** @typedef {{ kind: 'word' | 'text' | 'sign', text: string, at: number }} Token */

// A slash after one of these begins a regular expression; after a name, a number or a closing bracket it divides.
const beforeRegex = new Set([...'(,=:[!&|?{};+-*%~^<>', 'return', 'typeof', 'case', 'of', 'in', 'await', 'yield', 'throw', 'void']);

/**
 * @param {string} source
 * @returns {Import[]} in the order of the file
 */
export function importsOf(source) {
  const tokens = tokenise(source);
  /** @type {Import[]} */
  const found = [];
  for (let i = 0; i < tokens.length; i++) {
    const word = tokens[i];
    if (word?.kind !== 'word' || (word.text !== 'import' && word.text !== 'export') || tokens[i - 1]?.text === '.') continue;
    const next = tokens[i + 1];
    if (!next) break;
    const line = source.slice(0, word.at).split('\n').length;
    if (word.text === 'import' && next.text === '(') {
      const name = tokens[i + 2];
      if (name?.kind === 'text') found.push({ from: name.text, kind: 'dynamic', line });
    } else if (word.text === 'import' && next.kind === 'text') {
      found.push({ from: next.text, kind: 'value', line });
    } else {
      const from = clauseSource(tokens, i + 1);
      // `import type from './x.js'` imports a value that happens to be called "type".
      const isType = next.text === 'type' && tokens[i + 2]?.text !== 'from';
      if (from !== undefined) found.push({ from, kind: isType ? 'type' : 'value', line });
    }
  }
  return found;
}

/**
 * The quoted name that ends an import or export clause, which may hold only names, braces, commas and a star.
 * @param {readonly Token[]} tokens
 * @param {number} start
 * @returns {string | undefined} undefined where the statement is a declaration: `export const …`
 */
function clauseSource(tokens, start) {
  let depth = 0;
  for (let i = start; i < tokens.length; i++) {
    const { kind, text } = /** @type {Token} */ (tokens[i]);
    if (text === '{') depth++;
    else if (text === '}') depth--;
    else if (kind === 'word' && text === 'from' && depth === 0 && tokens[i + 1]?.kind === 'text') return tokens[i + 1]?.text;
    else if (kind === 'text' || (kind === 'sign' && text !== ',' && text !== '*')) return undefined;
  }
  return undefined;
}

/**
 * @param {string} source
 * @returns {Token[]}
 */
function tokenise(source) {
  /** @type {Token[]} */
  const tokens = [];
  /** Depths of braces at which a template's `${` is open. @type {number[]} */
  const templates = [];
  let depth = 0;
  let at = 0;

  const template = () => {
    for (; at < source.length; at++) {
      if (source[at] === '\\') at++;
      else if (source[at] === '`') break;
      else if (source[at] === '$' && source[at + 1] === '{') {
        templates.push(depth++);
        at += 2;
        return;
      }
    }
    at++;
  };

  while (at < source.length) {
    const rest = source.slice(at, at + 2);
    const letter = source[at] ?? '';
    if (/\s/.test(letter)) at++;
    else if (rest === '//') at = end(source, '\n', at);
    else if (rest === '/*') at = end(source, '*/', at + 2);
    else if (letter === '`') {
      tokens.push({ kind: 'sign', text: '`', at });
      at++;
      template();
    } else if (letter === "'" || letter === '"') {
      const start = at++;
      while (at < source.length && source[at] !== letter && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1;
      tokens.push({ kind: 'text', text: source.slice(start + 1, at++), at: start });
    } else if (letter === '/' && beforeRegex.has(tokens.at(-1)?.text ?? ';')) {
      at = regexEnd(source, at);
      tokens.push({ kind: 'sign', text: '/…/', at });
    } else if (/[\w$#]/.test(letter)) {
      const start = at;
      while (at < source.length && /[\w$#]/.test(source[at] ?? '')) at++;
      tokens.push({ kind: 'word', text: source.slice(start, at), at: start });
    } else {
      if (letter === '{') depth++;
      if (letter === '}') depth--;
      tokens.push({ kind: 'sign', text: letter, at });
      at++;
      if (letter === '}' && templates.at(-1) === depth) {
        templates.pop();
        template();
      }
    }
  }
  return tokens;
}

/**
 * @param {string} source
 * @param {string} mark
 * @param {number} from
 */
function end(source, mark, from) {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + mark.length;
}

/**
 * @param {string} source
 * @param {number} start at the opening slash
 * @returns {number} behind the closing slash
 */
function regexEnd(source, start) {
  let inClass = false;
  let at = start + 1;
  for (; at < source.length && source[at] !== '\n'; at++) {
    const letter = source[at];
    if (letter === '\\') at++;
    else if (letter === '[') inClass = true;
    else if (letter === ']') inClass = false;
    else if (letter === '/' && !inClass) return at + 1;
  }
  return at;
}
