export { LearnedPositions } from './learned.js';
export { type PatchGrid, PatchPositions } from './patch-positions.js';
export { Rotary, type RotaryOptions, type Rotation, rotate } from './rotary.js';
export { type RotaryFrequencies, type RotaryScaling, rotaryFrequencies } from './rotary-frequencies.js';
