import { files } from '#files';
import { fail } from '../../core/index.js';
import { ChatTemplate } from './chat-template.js';

/** Before `chat_template.jinja`, templates stood in `tokenizer_config.json`, and some still do. */
export const chatTemplateFile = 'chat_template.jinja';

type Json = Readonly<Record<string, unknown>>;

/**
 * The chat template of a checkpoint: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`, which is a
 * template, or a list of named ones, of which `default` counts.
 *
 * @param configJson the content of `tokenizer_config.json`; a GGUF file's tokenizer has one too
 * @param folder where `chat_template.jinja` may lie; left out, only the configuration counts
 * @returns undefined where there is none
 * @throws tokenizer: a template that cannot be parsed, or a list without `default`
 */
export async function loadChatTemplate(configJson: unknown, folder?: string): Promise<ChatTemplate | undefined> {
  const specialTokens = specialTokensOf(configJson);
  const where = folder === undefined ? 'chat template' : `${folder}: chat_template`;
  if (folder !== undefined) {
    const path = files.join(folder, chatTemplateFile);
    if ((await files.stat(path)).kind === 'file') return new ChatTemplate(await files.readText(path), { where: path, specialTokens });
  }
  const source = sourceIn(configJson, where);
  return source === undefined ? undefined : new ChatTemplate(source, { specialTokens, where });
}

/** The texts of a configuration's special tokens: `bos_token` and the like, each a string or `{ content }`. */
export function specialTokensOf(configJson: unknown): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(record(configJson))) {
    const content = typeof value === 'string' ? value : record(value).content;
    if (name.endsWith('_token') && typeof content === 'string') found.push([name, content]);
  }
  return Object.fromEntries(found);
}

function sourceIn(configJson: unknown, where: string): string | undefined {
  const given = record(configJson).chat_template;
  if (given === undefined || given === null || typeof given === 'string') return given ?? undefined;
  const named = (Array.isArray(given) ? given : []).map(record);
  const chosen = named.find(({ name }) => name === 'default')?.template;
  if (typeof chosen === 'string') return chosen;
  throw fail('tokenizer', {
    where,
    rule: '"chat_template" is a text, or a list of named ones with "default"',
    got: Array.isArray(given) ? `names ${named.map(({ name }) => String(name)).join(', ') || 'none'}`.slice(0, 120) : typeof given,
    fix: 'Choose another template',
  });
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}
