import { imageLens, lens } from '../../lens/index.js';
import { openAnyCheckpoint } from '../checkpoint.js';
import { openImageModel } from '../image-checkpoint.js';
import type { CommandIo } from '../io.js';

/** Lists a model's sites. JSON: `sites`, each with `name` and `shape`, numbers and the letters B and T. */
export async function sitesCommand(folder: string, flags: { json?: boolean }, io: CommandIo): Promise<void> {
  const images = await openImageModel(folder);
  const sites = images === undefined ? lens((await openAnyCheckpoint(folder)).model).sites() : imageLens(images).sites();
  if (flags.json) {
    const sizes = (shape: readonly string[]) => shape.map((size) => (/^\d+$/.test(size) ? Number(size) : size));
    io.out(`${JSON.stringify({ sites: sites.map(({ name, shape }) => ({ name, shape: sizes(shape) })) })}\n`);
    return;
  }
  const width = Math.max(...sites.map(({ name }) => name.length));
  for (const { name, shape } of sites) io.out(`${name.padEnd(width)}  [${shape.join(',')}]\n`);
}
