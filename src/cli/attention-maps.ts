import { files } from '#files';
import { fail, type HostArray } from '../core/index.js';
import { type AttentionData, lens } from '../lens/index.js';
import type { TokenModel } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import type { FaultFlags } from './options.js';

/** Every attention pattern of one run. */
export interface AttentionMaps {
  /** As the picture takes it. */
  readonly data: AttentionData;
  readonly ids: readonly number[];
  /** One per layer, [1,H,T,T]. */
  readonly patterns: readonly HostArray[];
}

/** Runs a model on a text and keeps every layer's pattern. @throws unsupported: a model without the sites, or of uneven heads */
export async function attentionMaps(
  model: TokenModel,
  tokenizer: Tokenizer,
  text: string,
  { name, dumpOnnx, ...options }: ProgramOptions & FaultFlags & { readonly name: string },
): Promise<AttentionMaps> {
  const ids = tokenizer.encode(text);
  const view = lens(model, options);
  const globs = '*attention.pattern';
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, view.onnx(ids, globs));
  const captured = await view.capture(ids, globs);
  const patterns = Object.values(captured);
  const heads = patterns[0]?.shape[1] ?? 0;
  if (patterns.some(({ shape }) => shape.length !== 4 || shape[1] !== heads || shape[2] !== shape[3])) {
    throw fail('unsupported', {
      where: 'attention maps',
      rule: 'patterns [B,H,T,T] with as many heads in every layer',
      got: patterns.map(({ shape }) => `[${shape}]`).join(', '),
    });
  }
  const data: AttentionData = {
    tokens: tokenizer.tokens(ids),
    layers: patterns.length,
    heads,
    patterns: patterns.map((p) => p.data as Float32Array),
    title: text,
    model: `${name}: ${model.parameterCount.toLocaleString('en')} parameters`,
    sites: Object.keys(captured),
  };
  return { data, ids, patterns };
}
