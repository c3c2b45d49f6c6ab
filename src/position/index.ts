import type { FormDeclaration } from '../nn/index.js';
import { learnedPositionsForm } from './learned.js';
import { rotaryForm } from './rotary.js';

export { LearnedPositions } from './learned.js';
export { type PatchGrid, PatchPositions } from './patch-positions.js';
export { Rotary, type RotaryOptions, type Rotation, rotate } from './rotary.js';
export { type RotaryFrequencies, type RotaryScaling, rotaryFrequencies } from './rotary-frequencies.js';

/** Every way to tell positions, in the order of docs/attention.md. */
export const positionForms: readonly FormDeclaration[] = [learnedPositionsForm, rotaryForm];
