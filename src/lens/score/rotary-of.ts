import { Gemma, Llama } from '../../models/index.js';
import { rotaryFrequencies } from '../../position/index.js';
import type { LensModel } from '../trace.js';

/** Radians a token by which each pair of a head's numbers turns; undefined for models that know positions otherwise. */
export function rotaryOf(model: LensModel): Float64Array | undefined {
  if (!(model instanceof Llama || model instanceof Gemma)) return undefined;
  const { headWidth, base, scaling } = model.config;
  return rotaryFrequencies(headWidth, base, scaling).radians;
}
