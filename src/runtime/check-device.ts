import { encodeModel } from '../onnx/index.js';
import { input } from '../ops/index.js';
import { lowerProgram, type ProgramOptions } from './program.js';
import { Session } from './session.js';

/** Opens and closes a program of one node on a device: whoever writes files first learns here that there is none. @throws unsupported */
export async function checkDevice(device: NonNullable<ProgramOptions['device']>): Promise<void> {
  const x = input('x', [1]);
  const { model } = lowerProgram({ y: x.neg() }, [{ name: 'x', spec: x }], { device });
  await (await Session.create(encodeModel(model), { device, threads: 1, optimize: false })).dispose();
}
