import { files } from '#files';
import { readSafetensors } from '../../checkpoints/safetensors.js';
import { writeSafetensors } from '../../checkpoints/safetensors-write.js';
import { fail, type HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Lens } from '../lens.js';
import type { Intervention } from './intervention.js';
import { interventionsFromJson, interventionsToJson } from './json.js';
import { packBeside, packInline, unpackWith } from './json-arrays.js';

export interface SaveOptions {
  /** `beside`: arrays go to a safetensors file of the same name; `inline`, the default, into the JSON as base64. */
  readonly arrays?: 'inline' | 'beside';
}

/**
 * Writes what a view changes, to be replayed anywhere.
 * @throws unsupported: a function among them; file: a path that cannot be written
 */
export async function saveInterventions<P, M extends Module>(
  path: string,
  view: Lens<P, M>,
  { arrays = 'inline' }: SaveOptions = {},
): Promise<void> {
  const tensors = new Map<string, HostArray>();
  const json = interventionsToJson(view, view.interventions, arrays === 'inline' ? packInline : packBeside(tensors));
  // First the arrays: what the JSON names is there.
  if (tensors.size > 0) await writeSafetensors(beside(path), tensors);
  await files.writeAtomic(path, `${JSON.stringify(json, undefined, 1)}\n`);
}

/**
 * Reads interventions, for `view.with`.
 * @throws file: what is no such file; checkpoint: one of another architecture; name, axis: what the model has not
 */
export async function readInterventions<P, M extends Module>(path: string, view: Lens<P, M>): Promise<Intervention[]> {
  const text = await files.readText(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail('file', { where: path, rule: 'JSON of interventions', got: 'other text', cause });
  }
  const hasTensors = /"tensor"\s*:/.test(text);
  return interventionsFromJson(view, json, path, unpackWith(hasTensors ? await tensorsOf(beside(path)) : new Map()));
}

function beside(path: string): string {
  return `${path.replace(/\.json$/, '')}.safetensors`;
}

async function tensorsOf(path: string): Promise<ReadonlyMap<string, HostArray>> {
  const file = await readSafetensors(path);
  try {
    const all = new Map<string, HostArray>();
    for (const name of file.names) all.set(name, await file.load(name));
    return all;
  } finally {
    await file.close();
  }
}
