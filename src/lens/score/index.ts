export { type CompositionKind, type CompositionOptions, compositionScores } from './composition.js';
export { distanceProfile, massByClass, type ProfileOptions, type TokenClass } from './profiles.js';
export { headScores } from './registry.js';
export { type RepeatedBlockOptions, repeatedBlocks } from './repeated-blocks.js';
export { type HeadPattern, type HeadScore, type HeadVectors, meanOverQueries } from './score.js';
export { type HeadScoreOptions, scoreHeads } from './score-heads.js';
