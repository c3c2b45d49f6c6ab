import { inductionStory } from '../lens/induction-story.js';

// The command as docs/lens.md has it, under three minutes on two cores.
inductionStory([], 180_000);
