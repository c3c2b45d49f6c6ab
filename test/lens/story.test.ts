import { inductionStory } from './induction-story.js';

// The command's own settings, but for evaluations and reports, which cost half of its time: with them it is in test/long.
inductionStory(['--eval-every', '0', '--no-watch'], 600_000);
