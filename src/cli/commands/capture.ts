import { files } from '#files';
import { writeSafetensors } from '../../checkpoints/index.js';
import { fail, formatShape } from '../../core/index.js';
import { type Captured, imageLens, lens } from '../../lens/index.js';
import { openAnyCheckpoint } from '../checkpoint.js';
import { openImagePixels } from '../image-checkpoint.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';
import { parseIds } from '../source.js';

export interface CaptureFlags extends EngineFlags, FaultFlags {
  readonly text?: string;
  readonly ids?: string;
  readonly image?: string;
  readonly sites: string;
  readonly out: string;
  readonly json?: boolean;
}

/**
 * Runs a model once and writes the values of some sites. The file's metadata say on what: `ids`, a JSON list of rows,
 * and `text` where there was one; or `image`. JSON: `sites`, each with `name` and `shape`, and `out`.
 */
export async function captureCommand(folder: string, flags: CaptureFlags, io: CommandIo): Promise<void> {
  const { text, ids, image, dumpOnnx } = flags;
  const given = [text, ids, image].filter((x) => x !== undefined).length;
  if (given !== 1) {
    throw fail('value', {
      where: 'capture',
      rule: 'one of --text, --ids and --image',
      got: given === 0 ? 'none' : String(given),
      fix: 'Say --text "some words", --ids "1,2,3", or --image photo.jpg',
    });
  }
  await checkOutputs([flags.out, dumpOnnx], [folder, ...(image === undefined ? [] : [image])]);
  const { captured, metadata } = image === undefined ? await ofTokens(folder, flags) : await ofImage(folder, image, flags);
  await writeSafetensors(flags.out, captured, metadata);

  const sites = Object.entries(captured).map(([name, { shape }]) => ({ name, shape }));
  if (flags.json) io.out(`${JSON.stringify({ sites, out: flags.out })}\n`);
  else {
    for (const { name, shape } of sites) io.out(`${name} ${formatShape(shape)}\n`);
    io.note(`written to ${flags.out}`);
  }
}

/** What a run gave, and on what it ran. */
interface Run {
  readonly captured: Captured;
  readonly metadata: Readonly<Record<string, string>>;
}

function optionsOf({ check, device, threads }: CaptureFlags) {
  return { ...(device && { device }), ...(threads !== undefined && { threads }), check: check ?? false };
}

async function ofTokens(folder: string, flags: CaptureFlags): Promise<Run> {
  const { text, ids, dumpOnnx } = flags;
  const given = ids === undefined ? undefined : parseIds(ids);
  const { model, tokenizer } = await openAnyCheckpoint(folder);
  const view = lens(model, { ...optionsOf(flags), tokenizer });
  const prompt = given ?? (text as string);
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, view.onnx(prompt, flags.sites));
  const captured = await view.capture(prompt, flags.sites);
  const rows = given ?? [tokenizer?.encode(text as string) ?? []];
  return { captured, metadata: { ids: JSON.stringify(rows), ...(text !== undefined && { text }) } };
}

async function ofImage(folder: string, image: string, flags: CaptureFlags): Promise<Run> {
  const { model, pixels } = await openImagePixels(folder, image);
  const view = imageLens(model, optionsOf(flags));
  if (flags.dumpOnnx !== undefined) await files.writeAtomic(flags.dumpOnnx, view.onnx(pixels, flags.sites));
  return { captured: await view.capture(pixels, flags.sites), metadata: { image } };
}
