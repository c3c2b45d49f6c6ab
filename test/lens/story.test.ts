import { inductionStory } from './induction-story.js';

// A third of the steps that the command takes by itself, and no evaluations: the whole of it is in test/long.
inductionStory(['--steps', '500', '--eval-every', '0', '--no-watch'], 600_000);
