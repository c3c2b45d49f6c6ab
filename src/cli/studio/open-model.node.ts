import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encoderTypes, endTokenIds, imageArchitectures, readConfig } from '../../checkpoints/index.js';
import { Bert, type LanguageModel, type TokenModel } from '../../models/index.js';
import type { Opened } from '../../server/index.node.js';
import { type Checkpoint, openAnyCheckpoint } from '../checkpoint.js';
import { openImageCheckpoint } from '../image-checkpoint.js';

/** A checkpoint of any kind, for the studio. @throws file, checkpoint, tokenizer, unsupported */
export async function openModel(path: string): Promise<Opened> {
  const hash = hashOf(path);
  hash.catch(() => {}); // met below, or hidden by the error that opening gives
  if (await takesImages(path)) {
    const { model, preprocessing } = await openImageCheckpoint(path);
    const { values } = await readConfig(path);
    return { kind: 'image', type: String(values.model_type), model, preprocessing, hash: await hash };
  }
  const { model, tokenizer, config }: Checkpoint<TokenModel | LanguageModel> = await openAnyCheckpoint(path);
  const type = String(config.values.model_type);
  const isEncoder = encoderTypes.some((name) => name === type);
  const head = model instanceof Bert ? model.config.head : undefined;
  const labels = head !== undefined && 'labels' in head ? head.labels : undefined;
  const kind = isEncoder ? 'encoder' : 'decoder';
  return { kind, type, model, tokenizer, labels, endIds: isEncoder ? [] : await endTokenIds(path, config), hash: await hash };
}

async function takesImages(path: string): Promise<boolean> {
  if (!(await stat(path)).isDirectory()) return false;
  const { values } = await readConfig(path);
  return imageArchitectures.some(({ modelType }) => modelType === values.model_type);
}

/** SHA-256 of the weights: of the file, or of a folder's safetensors files in the order of their names. */
async function hashOf(path: string): Promise<string> {
  const isFolder = (await stat(path)).isDirectory();
  const own = (name: string): boolean => name.endsWith('.safetensors') && name !== 'optimizer.safetensors';
  const names = isFolder
    ? (await readdir(path))
        .filter(own)
        .sort()
        .map((name) => join(path, name))
    : [path];
  const hash = createHash('sha256');
  for (const name of names) for await (const bytes of createReadStream(name)) hash.update(bytes as Uint8Array);
  return hash.digest('hex');
}
