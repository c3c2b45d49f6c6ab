import type { Mark, Scene } from './scene.js';

/** A vector as thin bars from a middle line; more numbers than pixels stand as the largest of each pixel's. */
export function stripScene(title: string, values: Float32Array, width: number, height: number): Scene {
  let top = 0;
  for (const value of values) if (Number.isFinite(value)) top = Math.max(top, Math.abs(value));
  const columns = Math.min(values.length, Math.floor(width));
  const step = width / columns;
  const middle = height / 2;
  const up: number[] = [];
  const down: number[] = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    let value = 0;
    for (let i = from; i < to; i++) if (Math.abs(values[i] as number) > Math.abs(value)) value = values[i] as number;
    const x = (column + 0.5) * step;
    (value < 0 ? down : up).push(x, middle, x, middle - (value / (top || 1)) * (middle - 1));
  }
  const thickness = Math.max(1, step - (step > 4 ? 1.5 : 0));
  const marks: Mark[] = [
    { kind: 'line', points: [0, middle, width, middle], stroke: 'line', width: 1 },
    { kind: 'line', points: up, curve: 'segments', stroke: 'positive', width: thickness },
    { kind: 'line', points: down, curve: 'segments', stroke: 'negative', width: thickness },
  ];
  return { width, height, title, marks };
}
