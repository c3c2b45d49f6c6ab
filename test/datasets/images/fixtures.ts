import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from '../../support/arrays.js';

/** The committed image files, by name. */
export const imageFiles: readonly string[] = readdirSync(fixture('images')).filter((name) => /\.(png|jpg)$/.test(name));

export function imageBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(fixture('images'), name)));
}
