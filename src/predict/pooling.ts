import { files } from '#files';
import { parseJsonObject } from '../checkpoints/index.js';
import { fail } from '../core/index.js';

/** How a text's hidden states become one vector. */
export interface Pooling {
  /** `mean` over the text's tokens, the `cls` token's own, or the `max` of each number over the tokens. */
  readonly mode: 'mean' | 'cls' | 'max';
  /** Whether the vector is brought to length 1. */
  readonly normalize: boolean;
}

/** Where nothing else is said. */
export const meanPooling: Pooling = { mode: 'mean', normalize: false };

/**
 * Pools the states of one text, filling left out.
 * @param hidden [T,C] row by row @returns [C]
 */
export function pool(hidden: Float32Array, width: number, { mode, normalize }: Pooling): Float32Array {
  const length = hidden.length / width;
  const out = Float64Array.from(hidden.subarray(0, width));
  if (mode !== 'cls') {
    for (let t = 1; t < length; t++) {
      for (let c = 0; c < width; c++) {
        const value = hidden[t * width + c] as number;
        out[c] = mode === 'max' ? Math.max(out[c] as number, value) : (out[c] as number) + value;
      }
    }
  }
  if (mode === 'mean') for (let c = 0; c < width; c++) out[c] = (out[c] as number) / length;
  const norm = normalize ? Math.max(Math.hypot(...out), 1e-12) : 1;
  return Float32Array.from(out, (x) => x / norm);
}

const modes = { pooling_mode_mean_tokens: 'mean', pooling_mode_cls_token: 'cls', pooling_mode_max_tokens: 'max' } as const;

/**
 * What a folder of sentence-transformers says of its pooling (`modules.json`, `1_Pooling/config.json`, `2_Normalize`); the
 * mean without normalising where it has none of these files.
 * @throws file: damaged files; unsupported: modules or a pooling of another kind, which would give other vectors
 */
export async function readPooling(folder: string): Promise<Pooling> {
  const path = files.join(folder, 'modules.json');
  if ((await files.stat(path)).kind !== 'file') return meanPooling;
  let modules: unknown;
  try {
    modules = JSON.parse(await files.readText(path));
  } catch (cause) {
    throw fail('file', { where: path, rule: 'a file of JSON', got: 'text that does not parse', cause });
  }
  if (!Array.isArray(modules)) throw fail('file', { where: path, rule: 'a list of modules', got: typeof modules });
  let pooling = meanPooling;
  for (const entry of modules as readonly unknown[]) {
    const { type, path: inside } = (entry ?? {}) as { readonly type?: unknown; readonly path?: unknown };
    const kind = typeof type === 'string' ? type.split('.').at(-1) : undefined;
    if (kind === 'Normalize') pooling = { ...pooling, normalize: true };
    else if (kind === 'Pooling') pooling = { ...pooling, mode: await readMode(files.join(folder, poolingFolder(inside), 'config.json')) };
    else if (kind !== 'Transformer') {
      throw fail('unsupported', {
        where: path,
        rule: 'the modules Transformer, Pooling and Normalize',
        got: JSON.stringify(type) ?? 'none',
      });
    }
  }
  return pooling;
}

/** Only a plain name, so that a file cannot lead out of its folder. */
function poolingFolder(path: unknown): string {
  return typeof path === 'string' && /^[\w-]+$/.test(path) ? path : '1_Pooling';
}

async function readMode(path: string): Promise<Pooling['mode']> {
  const config = parseJsonObject(await files.readText(path), path);
  const on = Object.entries(config).flatMap(([key, value]) => (key.startsWith('pooling_mode_') && value === true ? [key] : []));
  const [only] = on;
  const mode = on.length === 1 && only !== undefined && Object.hasOwn(modes, only) ? modes[only as keyof typeof modes] : undefined;
  if (mode !== undefined) return mode;
  throw fail('unsupported', { where: path, rule: `one of ${Object.keys(modes).join(', ')} is true`, got: on.join(', ') || 'none' });
}
