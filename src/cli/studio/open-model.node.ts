import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Config,
  encoderTypes,
  endTokenIds,
  imageArchitectures,
  loadTranslationModel,
  readConfig,
  startTokenId,
  transformerArchitecture,
} from '../../checkpoints/index.js';
import { Bert, type LanguageModel, type TokenModel } from '../../models/index.js';
import type { Opened } from '../../server/index.node.js';
import { loadTokenizer } from '../../tokenizers/index.js';
import { type Checkpoint, openAnyCheckpoint } from '../checkpoint.js';
import { openImageCheckpoint } from '../image-checkpoint.js';

/** A checkpoint of any kind, for the studio. @throws file, checkpoint, tokenizer, unsupported */
export async function openModel(path: string): Promise<Opened> {
  const hash = hashOf(path);
  hash.catch(() => {}); // met below, or hidden by the error that opening gives
  const own = await configOf(path);
  const named = own?.values.model_type;
  if (own !== undefined && named === transformerArchitecture.modelType) {
    const [model, tokenizer, endIds] = await Promise.all([loadTranslationModel(path), loadTokenizer(path), endTokenIds(path, own)]);
    return { kind: 'translation', type: named, model, tokenizer, startId: startTokenId(own), endIds, hash: await hash };
  }
  if (imageArchitectures.some(({ modelType }) => modelType === named)) {
    const { model, preprocessing } = await openImageCheckpoint(path);
    return { kind: 'image', type: String(named), model, preprocessing, hash: await hash };
  }
  const { model, tokenizer, config }: Checkpoint<TokenModel | LanguageModel> = await openAnyCheckpoint(path);
  const type = String(config.values.model_type);
  const isEncoder = encoderTypes.some((name) => name === type);
  const head = model instanceof Bert ? model.config.head : undefined;
  const labels = head !== undefined && 'labels' in head ? head.labels : undefined;
  const kind = isEncoder ? 'encoder' : 'decoder';
  return { kind, type, model, tokenizer, labels, endIds: isEncoder ? [] : await endTokenIds(path, config), hash: await hash };
}

/** The configuration of a folder; a file has none beside it. */
async function configOf(path: string): Promise<Config | undefined> {
  return (await stat(path)).isDirectory() ? readConfig(path) : undefined;
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
