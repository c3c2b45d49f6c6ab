export { LearnedPositions } from './learned.js';
export { Rotary, type RotaryOptions, type Rotation, rotate } from './rotary.js';
export { type RotaryFrequencies, type RotaryScaling, rotaryFrequencies } from './rotary-frequencies.js';
