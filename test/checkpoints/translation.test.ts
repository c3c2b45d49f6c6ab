import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endTokenIds, loadModel, loadTranslationModel, readConfig, saveTranslationModel, startTokenId } from '#dist/checkpoints/index.js';
import { translationLens } from '#dist/lens/index.js';
import { Transformer, type TransformerConfig } from '#dist/models/index.js';
import { enlarged } from '../lens/models.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sizes = { sourceVocabulary: 13, targetVocabulary: 11, layers: 2, heads: 4, width: 16 };
const forms: Readonly<Record<string, TransformerConfig>> = {
  'of the paper': sizes,
  'norms before, gated by GELU, without biases': { ...sizes, norm: 'pre', activation: 'gelu', bias: false, hidden: 24 },
  'a shorter decoder, grouped heads, a head of its own': { ...sizes, decoderLayers: 1, kvHeads: 2, tied: false, epsilon: 1e-3 },
  'one embedding, a final norm after post-norm blocks': { ...sizes, sourceVocabulary: 11, shared: true, finalNorm: true, dropout: 0.1 },
};

describe.each(Object.entries(forms))('an encoder–decoder: %s', (_, config) => {
  test('comes back with the same numbers; written again, it is the same byte for byte', async () => {
    const model = enlarged(new Transformer(config));
    await saveTranslationModel(join(folder, 'a'), model, { startId: 3, endIds: [5] });
    const loaded = await loadTranslationModel(join(folder, 'a'));
    const prompt = { source: [[1, 2, 3, 4]], target: [[3, 6, 7]] }; // biome-ignore format: rows
    const [own, theirs] = [translationLens(model), translationLens(loaded)];
    const [wanted, found] = [await own.capture(prompt, '*'), await theirs.capture(prompt, '*')];
    expect(Object.keys(found)).toEqual(Object.keys(wanted));
    for (const [site, value] of Object.entries(wanted)) expect(found[site], site).toEqual(value);
    await Promise.all([own.dispose(), theirs.dispose()]);

    const configuration = await readConfig(join(folder, 'a'));
    expect(startTokenId(configuration)).toBe(3);
    expect(await endTokenIds(join(folder, 'a'), configuration)).toEqual([5]);
    await saveTranslationModel(join(folder, 'b'), loaded, { startId: 3, endIds: [5] });
    for (const file of ['config.json', 'generation_config.json', 'model.safetensors'])
      expect(await readFile(join(folder, 'b', file)), file).toEqual(await readFile(join(folder, 'a', file)));
  });
});

test('a folder of another kind, and one whose numbers fit no model, are refused in a line', async () => {
  await saveTranslationModel(folder, new Transformer(sizes));
  expect(startTokenId(await readConfig(folder))).toBeUndefined();
  await expect(loadModel(folder)).rejects.toThrow(/an encoder–decoder.*loadTranslationModel/s);
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...config, encoder_attention_heads: 3 }));
  await expect(loadTranslationModel(folder)).rejects.toThrow(/settings that a model can have/);
  await writeFile(path, JSON.stringify({ ...config, decoder_layers: 3 }));
  await expect(loadTranslationModel(folder)).rejects.toThrow(/decoder\.blocks\.2/);
  await writeFile(path, JSON.stringify({ ...config, model_type: 'gpt2' }));
  await expect(loadTranslationModel(folder)).rejects.toThrow(/an encoder–decoder/);
});
