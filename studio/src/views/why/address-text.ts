import type { Address } from '#dist/server/protocol/index.js';

/**
 * An address, short: `pattern[3,7,2]` in layer 1 is `1.pattern[3,7,2]`. The first axis, the text of a batch of one, is left out.
 * @param name what a value without a name of its own is called: `product in blocks.1.attention`
 */
export function addressText({ at, index }: Address, name?: string): string {
  const isParameter = at.startsWith('parameter:');
  const path = at.replace(/^parameter:/, '');
  const block = /\.(\d+)\./.exec(path)?.[1];
  const short = path.startsWith('%')
    ? (name?.split(' in ')[0] ?? path)
    : path
        .split('.')
        .slice(isParameter ? -2 : -1)
        .join('.');
  const places = isParameter || at === 'probability' || index.length < 3 || index[0] !== 0 ? index : index.slice(1);
  return `${block === undefined ? '' : `${block}.`}${short}[${places.join(',')}]`;
}
