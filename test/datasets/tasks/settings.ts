import fc from 'fast-check';
import { type Task, type TaskName, type TaskOption, tasks } from '#dist/datasets/index.js';

export const names = Object.keys(tasks) as TaskName[];

/** Upper ends of what is tried, where a task's own are too slow to try at random. */
const small: Record<string, number> = { length: 24, digits: 12, modulus: 23, split: 5 };

function settingOf(name: string, option: TaskOption): fc.Arbitrary<unknown> {
  switch (option.kind) {
    case 'integer':
      return fc.integer({ min: option.min, max: Math.min(option.max, small[name] ?? option.max) });
    case 'share':
      return fc.double({ min: 0.05, max: 0.95, noNaN: true });
    case 'choice':
      return fc.constantFrom(...option.choices);
    case 'switch':
      return fc.boolean();
  }
}

/** Any task of a name with any settings it accepts. */
export function anyTask(name: TaskName): fc.Arbitrary<Task> {
  const { options, create } = tasks[name];
  const given = fc.record(Object.fromEntries(Object.entries(options).map(([n, option]) => [n, settingOf(n, option)])));
  return given.map((settings) => attempt(() => create(settings))).filter((task) => task !== undefined);
}

/** Settings may contradict each other: those tasks are refused when they are made, and only then. */
function attempt(make: () => Task): Task | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** The problems in a batch's rows, as text, read off the targets that count. */
export function problemsOf(
  task: Task,
  { inputs, targets }: { readonly inputs: Int32Array; readonly targets: Int32Array },
  length: number,
): { prompt: string; answer: string; padding: number }[] {
  return Array.from({ length: inputs.length / length }, (_, row) => {
    const ins = Array.from(inputs.subarray(row * length, (row + 1) * length));
    const outs = Array.from(targets.subarray(row * length, (row + 1) * length));
    const first = outs.findIndex((t) => t !== -100);
    const last = outs.findLastIndex((t) => t !== -100);
    const prompt = task.tokenizer.decode(ins.slice(0, first + 1));
    return { prompt, answer: task.tokenizer.decode(outs.slice(first, last + 1)), padding: length - 1 - last };
  });
}
