import { files } from '#files';
import { parseTask } from '../../datasets/index.js';
import { isEvent, readMetrics } from '../../train/index.js';
import { builtInStories } from '../source.js';
import { metricsFile } from '../train/resumed-run.js';

/** Of the built-in stories' words, with names that come again. */
const storyPrompts = [
  'Marlow lived by the mill. Marlow found a drum. He shook the drum. Marlow lost the drum',
  'Petra lived by the river. Petra found a bell.',
];
const most = 3;
const longest = 120;

/** Texts to look into a model with that was trained here: of what it learned; of another model, none. */
export async function examplesOf(folder: string): Promise<string[]> {
  try {
    const { settings } = JSON.parse(await files.readText(files.join(folder, 'trainer.json'))) as {
      readonly settings?: { readonly task?: string; readonly data?: { readonly sources?: readonly string[] } };
    };
    if (settings?.task) return parseTask(settings.task).prompts.slice(0, most);
    if (settings?.data?.sources?.includes(builtInStories)) return storyPrompts;
    const samples = (await readMetrics(files.join(folder, metricsFile)))
      .filter(isEvent)
      .flatMap((e) => (e.event === 'sample' ? [e.text] : []));
    return samples
      .reverse()
      .map((text) => text.trim().slice(0, longest))
      .filter((text) => text !== '')
      .slice(0, most);
  } catch {
    return []; // a folder that is no run, or one whose record is damaged: opening says so where it matters
  }
}
