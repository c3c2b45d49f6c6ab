import { createHash } from 'node:crypto';
import type { TrainingState } from '#dist/train/index.js';

type Arrays = { readonly [name: string]: Float32Array | Arrays };

/** A hash of every array of a state, by its path: the same where states are, to the bit, and compared in no time. */
export function hashesOf({ parameters, optimizer, average }: TrainingState): Record<string, string> {
  return Object.fromEntries(hashed('', { parameters, optimizer, ...(average && { average }) }));
}

function hashed(path: string, arrays: Arrays): [path: string, hash: string][] {
  return Object.entries(arrays).flatMap(([name, value]) => {
    const own = `${path}/${name}`;
    return value instanceof Float32Array ? [[own, createHash('sha256').update(value).digest('hex')]] : hashed(own, value);
  });
}
