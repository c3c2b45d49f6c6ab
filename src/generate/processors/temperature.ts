import { highest, type LogitsProcessor } from './processor.js';

/**
 * x_i → x_i / T: below 1 sharper, above 1 flatter (Ackley, Hinton and Sejnowski 1985, "A Learning Algorithm for Boltzmann
 * Machines"). Where T is so small that this overflows, x_i → (x_i − max x) / T, which has the same probabilities.
 * @param temperature T > 0
 */
export function temperature(temperature: number): LogitsProcessor {
  return (scores) => {
    const top = highest(scores);
    // Not always the second form: beside a large maximum it rounds small scores to the same, and their order is lost.
    return Number.isFinite(top / temperature) ? scores.map((x) => x / temperature) : scores.map((x) => (x - top) / temperature);
  };
}
