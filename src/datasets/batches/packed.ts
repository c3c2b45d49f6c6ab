import { ignored, type TokenBatch, type TokenSequence } from '../data.js';
import { documentAt } from '../tokens/sequence.js';

/**
 * Says of rows of several documents which token belongs to which: documents numbered from 0 in each row, positions from 0
 * in each document. Of a document that goes on from an earlier row, the part in this one counts as a document. The last
 * token of a document has nothing to predict: what follows it belongs to another.
 *
 * @param starts where each row begins in `tokens`
 * @param batch rows as they were read; its targets are changed
 */
export function withDocuments(batch: TokenBatch, tokens: TokenSequence, starts: readonly number[], length: number): TokenBatch {
  const begins = tokens.documents ?? [0];
  const documents = new Int32Array(starts.length * length);
  const positions = new Int32Array(starts.length * length);
  starts.forEach((start, row) => {
    let next = documentAt(begins, start) + 1;
    let number = 0;
    let position = 0;
    for (let t = 0; t < length; t++) {
      if (begins[next] === start + t) {
        next++;
        number++;
        position = 0;
      }
      const at = row * length + t;
      documents[at] = number;
      positions[at] = position++;
      if (begins[next] === start + t + 1) batch.targets[at] = ignored;
    }
  });
  return { ...batch, documents, positions };
}
