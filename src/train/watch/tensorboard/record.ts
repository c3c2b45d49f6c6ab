import { crc32c } from './crc32c.js';

/** Before and after a record's data: its length, a checksum of the length; a checksum of the data. */
const lengthBytes = 8;
const checksumBytes = 4;

/**
 * A TFRecord, TensorFlow's framing of a file of messages: the data's length (uint64), the masked CRC-32C of these eight
 * bytes, the data, the masked CRC-32C of the data; all little-endian. A reader can tell a torn record from a whole one.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(lengthBytes + checksumBytes + data.length + checksumBytes);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true); // the high half stays 0: no array is that long
  view.setUint32(lengthBytes, masked(crc32c(record.subarray(0, lengthBytes))), true);
  record.set(data, lengthBytes + checksumBytes);
  view.setUint32(record.length - checksumBytes, masked(crc32c(data)), true);
  return record;
}

/** ((crc ≫ 15) | (crc ≪ 17)) + a282ead8₁₆ mod 2³²: a checksum of data that hold checksums would be a weak one. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
