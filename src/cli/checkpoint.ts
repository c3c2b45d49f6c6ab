import { files } from '#files';
import { type Config, endTokenIds, loadFrom, openCheckpoint as openSource, resolveCheckpoint } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import {
  ChatTemplate,
  chatml,
  loadChatTemplate,
  loadTokenizer,
  specialTokensOf,
  type Tokenizer,
  tokenizerFromJson,
} from '../tokenizers/index.js';

/** A checkpoint as commands use it. */
export interface Checkpoint {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer | undefined;
  /** The folder or file, of a hub id where it was fetched to. */
  readonly path: string;
  readonly config: Config;
}

/**
 * Opens what a person names: a folder, a `.gguf` or `.bin` file, or a hub id, which is fetched.
 * @throws file, checkpoint, tokenizer: what cannot be used, each thing named
 */
export async function openCheckpoint(name: string): Promise<Checkpoint> {
  const path = await resolveCheckpoint(name);
  const source = await openSource(path);
  try {
    const { model } = await loadFrom(source);
    const own = source.tokenizer();
    const tokenizer = own
      ? tokenizerFromJson(own.json, own.config, path)
      : source.format === 'safetensors'
        ? await loadTokenizer(path)
        : undefined;
    return { model, tokenizer, path, config: source.config };
  } finally {
    await source.close();
  }
}

/** The same for commands that read or write text. @throws tokenizer: a checkpoint without one, or with another model's */
export async function openTextCheckpoint(name: string): Promise<Checkpoint & { readonly tokenizer: Tokenizer }> {
  const { tokenizer, ...rest } = await openCheckpoint(name);
  if (tokenizer === undefined) {
    throw fail('tokenizer', {
      where: name,
      rule: 'a checkpoint with a tokenizer.json, to turn text into ids',
      got: 'none',
      fix: 'Put the tokenizer that belongs to the model into the folder',
    });
  }
  // Fewer are usual: published vocabularies are padded to round numbers.
  const { vocabulary } = rest.model;
  if (tokenizer.size > vocabulary) {
    throw fail('tokenizer', {
      where: name,
      rule: `a tokenizer of at most ${vocabulary} tokens, the model's vocabulary`,
      got: `${tokenizer.size}`,
      fix: 'Put the tokenizer that belongs to the model into the folder',
    });
  }
  return { ...rest, tokenizer };
}

/** A checkpoint to talk with. */
export interface ChatCheckpoint extends Checkpoint {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Tokens that end an answer. */
  readonly endIds: readonly number[];
  /** What ends an answer as text, or as a token of this name. */
  readonly endTexts: readonly string[];
}

/**
 * A checkpoint with its chat template. Answers end with the tokens that `generation_config.json` names, the tokenizer's
 * `eos_token`, and, of ChatML, `<|im_end|>`.
 * @param templateName `chatml`, or a file; by default the checkpoint's own
 * @throws tokenizer: no template; and as `openTextCheckpoint`
 */
export async function openChatCheckpoint(name: string, templateName: string | undefined): Promise<ChatCheckpoint> {
  const checkpoint = await openTextCheckpoint(name);
  const { tokenizer, path, config } = checkpoint;
  const specialTokens = specialTokensOf(tokenizer.configJson);
  const template =
    templateName === undefined
      ? await loadChatTemplate(tokenizer.configJson, path)
      : templateName === 'chatml'
        ? new ChatTemplate(chatml, { where: 'chatml', specialTokens })
        : new ChatTemplate(await files.readText(templateName), { where: templateName, specialTokens });
  if (template === undefined) {
    throw fail('tokenizer', {
      where: name,
      rule: 'a checkpoint with a chat template, chat_template.jinja or in tokenizer_config.json',
      got: 'none',
      fix: 'Give --template chatml, or --template <file> with the one the model was trained on',
    });
  }
  const eos = tokenizer.idOf(specialTokens.eos_token ?? '');
  const endIds = [...(await endTokenIds(path, config)), ...(eos === undefined ? [] : [eos])];
  return { ...checkpoint, template, endIds, endTexts: templateName === 'chatml' ? ['<|im_end|>'] : [] };
}
