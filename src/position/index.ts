export { LearnedPositions } from './learned.js';
