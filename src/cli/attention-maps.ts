import { files } from '#files';
import { fail, type HostArray } from '../core/index.js';
import { type AttentionData, type Captured, lens } from '../lens/index.js';
import type { TokenModel } from '../models/index.js';
import type { Module } from '../nn/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import type { FaultFlags } from './options.js';

/** Every attention pattern of one run. */
export interface AttentionMaps {
  /** As the picture takes it. */
  readonly data: AttentionData;
  /** Of a text. */
  readonly ids?: readonly number[];
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
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, view.onnx(ids, patternSites));
  const captured = await view.capture(ids, patternSites);
  return { ...mapsOf(model, captured, { tokens: tokenizer.tokens(ids), title: text, name }), ids };
}

/** What a picture of attention is drawn from. */
export const patternSites = '*attention.pattern';

/** Captured patterns as a picture takes them. @throws unsupported: patterns of uneven heads */
export function mapsOf(
  model: Module,
  captured: Captured,
  { tokens, title, name }: { readonly tokens: readonly string[]; readonly title: string; readonly name: string },
): AttentionMaps {
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
    tokens,
    layers: patterns.length,
    heads,
    patterns: patterns.map((p) => p.data as Float32Array),
    title,
    model: `${name}: ${model.parameterCount.toLocaleString('en')} parameters`,
    sites: Object.keys(captured),
  };
  return { data, patterns };
}
