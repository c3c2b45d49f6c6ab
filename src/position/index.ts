import type { FormDeclaration } from '../nn/index.js';
import { axialRotaryForm } from './axial-rotary.js';
import { learnedPositionsForm } from './learned.js';
import { noPositionsForm } from './none.js';
import { ntkForm } from './ntk.js';
import { rotaryForms } from './rotary.js';
import { rotaryScalingForms } from './rotary-frequencies.js';
import { sinusoidalPositionsForm } from './sinusoidal.js';

export { AxialRotary, type GridPlaces, gridPlaces } from './axial-rotary.js';
export { LearnedPositions } from './learned.js';
export { ntkBase } from './ntk.js';
export { type PatchGrid, PatchPositions } from './patch-positions.js';
export { Rotary, type RotaryOptions, type Rotation, rotate } from './rotary.js';
export { type RotaryFrequencies, type RotaryScaling, rotaryFrequencies } from './rotary-frequencies.js';
export { SinusoidalPositions } from './sinusoidal.js';

/** Every way to tell positions, in the order of docs/attention.md. */
export const positionForms: readonly FormDeclaration[] = [
  sinusoidalPositionsForm,
  learnedPositionsForm,
  ...rotaryForms,
  ...rotaryScalingForms,
  ntkForm,
  axialRotaryForm,
  noPositionsForm,
];
