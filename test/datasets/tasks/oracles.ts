import type { Task, TaskName } from '#dist/datasets/index.js';

/** What a task's answer must be, worked out from the prompt's text in another way than the library does. */
export const oracles: Record<TaskName, (prompt: string, task: Task) => string> = {
  copy: (prompt, task) => ended(prompt.slice(0, -1), task),
  reverse: (prompt, task) => {
    let backwards = '';
    for (const symbol of prompt.slice(0, -1)) backwards = symbol + backwards;
    return ended(backwards, task);
  },
  sort: (prompt, task) => {
    const codes = Array.from(prompt.slice(0, -1), (c) => c.charCodeAt(0));
    return ended(String.fromCharCode(...codes.sort((a, b) => a - b)), task);
  },
  addition: (prompt, { settings }) => {
    const [a = '', b = ''] = prompt.slice(0, -1).split('+');
    expectLengths([a, b], Number(settings.digits));
    const sum = (BigInt(a) + BigInt(b)).toString().padStart(Number(settings.digits) + 1, '0');
    return settings.reversed ? Array.from(sum).reverse().join('') : sum;
  },
  modular: (prompt, { settings }) => {
    const p = Number(settings.modulus);
    const [a, sign, b] = prompt.split(' ');
    const [x, y] = [Number(a), Number(b)];
    if (sign === '+') return String((x + y) % p);
    if (sign === '-') return String((((x - y) % p) + p) % p);
    if (sign === '*') return String((x * y) % p);
    // Fermat: y^(p − 2) is the inverse of y modulo a prime p.
    return String(Number((BigInt(x) * BigInt(y) ** BigInt(p - 2)) % BigInt(p)));
  },
  repeat: (prompt, { settings }) => {
    const period = prompt.length - 1;
    let row = prompt;
    while (row.length < 2 * Number(settings.length)) row += row[row.length - period];
    return row.slice(prompt.length);
  },
  brackets: (prompt) => {
    const closes: Record<string, string> = { ')': '(', ']': '[', '}': '{', '>': '<' };
    const open: string[] = [];
    for (const bracket of prompt.slice(0, -1)) {
      const opener = closes[bracket];
      if (opener === undefined) open.push(bracket);
      else if (open.pop() !== opener) return '0';
    }
    return open.length === 0 ? '1' : '0';
  },
};

function ended(sequence: string, { settings }: Task): string {
  return settings.varied ? `${sequence}.` : sequence;
}

function expectLengths(numbers: readonly string[], digits: number): void {
  for (const number of numbers) if (!/^\d+$/.test(number) || number.length !== digits) throw new Error(`not ${digits} digits: ${number}`);
}
