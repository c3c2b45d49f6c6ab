import { files } from '#files';
import { endTokenIds } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import { ChatTemplate, chatml, loadChatTemplate, specialTokensOf } from '../tokenizers/index.js';
import { openTextCheckpoint, type TextCheckpoint } from './checkpoint.js';

/** A checkpoint to talk with. */
export interface ChatCheckpoint extends TextCheckpoint {
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
  const checkpoint = await openTextCheckpoint(name, { inPlace: true });
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
