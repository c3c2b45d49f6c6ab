import type { HostArray } from '#dist/core/index.js';
import type { ViT } from '#dist/models/index.js';
import { input } from '#dist/ops/index.js';
import { lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';

/** Every site of one run on images [B,channels,height,width]. */
export async function everySite(model: ViT, pixels: HostArray): Promise<Readonly<Record<string, HostArray>>> {
  const images = input('pixels', pixels.shape, 'float32');
  const outputs = Object.fromEntries(sitesOf([model.forward(images)]));
  const program = await Program.create(lowerProgram(outputs, [{ name: 'pixels', spec: images }]));
  const values = await program.run({ pixels });
  await program.dispose();
  return values;
}
