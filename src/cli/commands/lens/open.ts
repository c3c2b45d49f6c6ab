import type { HostArray } from '../../../core/index.js';
import { fail } from '../../../core/index.js';
import { preprocessBatch, readImage } from '../../../datasets/index.js';
import { imageLens, type Lens, lens, readInterventions } from '../../../lens/index.js';
import type { Tokenizer } from '../../../tokenizers/index.js';
import { openAnyCheckpoint } from '../../checkpoint.js';
import { openImageCheckpoint, openImageModel } from '../../image-checkpoint.js';
import { parseIds } from '../../source.js';
import type { LensFlags, PromptFlags } from './flags.js';

/** A view of a checkpoint, whatever it takes, and what it is run on. */
export interface Opened {
  readonly view: Lens<unknown>;
  /** The view as the replayed interventions make it; the view itself without any. */
  readonly changed: Lens<unknown>;
  readonly prompt: unknown;
  /** Of a model of tokens, where there is one. */
  readonly tokenizer: Tokenizer | undefined;
  /** The other prompt, where one was given. */
  readonly other: unknown;
}

/**
 * Opens a checkpoint for a tool of the lens.
 * @param tool what errors call the command
 * @throws value: no prompt, several, or one of the wrong kind; file, checkpoint, tokenizer: what cannot be used
 */
export async function openLens(tool: string, folder: string, flags: LensFlags): Promise<Opened> {
  const { device, threads, replay } = flags;
  const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const first = only(tool, ['--text', '--ids', '--image'], [flags.text, flags.ids, flags.image]);
  const second = only(tool, ['--other', '--other-ids', '--other-image'], [flags.other, flags.otherIds, flags.otherImage]);
  if (first === undefined) {
    throw fail('value', {
      where: tool,
      rule: 'one of --text, --ids and --image',
      got: 'none',
      fix: 'Say --text "some words", for example',
    });
  }
  const { view, read, tokenizer } = await openView(folder, options, flags);
  const changed = replay === undefined ? view : view.with(await readInterventions(replay, view));
  return { view, changed, tokenizer, prompt: await read(first), other: second === undefined ? undefined : await read(second) };
}

/** A prompt as it was given, and in which form. */
interface Given {
  readonly form: 0 | 1 | 2;
  readonly value: string;
}

function only(tool: string, names: readonly string[], values: readonly (string | undefined)[]): Given | undefined {
  const given = values.flatMap((value, form) => (value === undefined ? [] : [{ form: form as Given['form'], value }]));
  if (given.length <= 1) return given[0];
  throw fail('value', { where: tool, rule: `one of ${names.join(', ')}`, got: `${given.length} of them`, fix: 'Leave all but one out' });
}

async function openView(folder: string, options: object, { image, otherImage }: PromptFlags) {
  const isOfImages = image !== undefined || otherImage !== undefined || (await openImageModel(folder)) !== undefined;
  if (isOfImages) {
    const { model, preprocessing } = await openImageCheckpoint(folder);
    const read = async ({ form, value }: Given): Promise<HostArray> => {
      if (form === 2) return preprocessBatch(await readImage(value), preprocessing, model.config.channels === 1 ? 1 : 3);
      throw fail('value', { where: folder, rule: 'an image, for a model of images', got: 'text', fix: 'Say --image photo.jpg' });
    };
    return { view: imageLens(model, options) as unknown as Lens<unknown>, read, tokenizer: undefined };
  }
  const { model, tokenizer } = await openAnyCheckpoint(folder);
  const read = async ({ form, value }: Given) => (form === 1 ? parseIds(value) : value);
  return { view: lens(model, { ...options, tokenizer }) as unknown as Lens<unknown>, read, tokenizer };
}

/** The second prompt. @throws value: none */
export function demandOther(tool: string, { other }: Opened): unknown {
  if (other !== undefined) return other;
  throw fail('value', { where: tool, rule: 'two prompts', got: 'one', fix: 'Give the other with --other, --other-ids or --other-image' });
}
