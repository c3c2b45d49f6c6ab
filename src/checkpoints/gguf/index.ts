export { type GgufFile, parseGguf, readGguf } from './file.js';
export { convertToGguf, type SaveGgufOptions, saveGguf } from './save.js';
export { ggufSource, openGguf } from './source.js';
export { type WritableType, writableTypes } from './tensor-types.js';
export type { GgufArray, GgufMetadata, GgufValue, ValueType } from './values.js';
export { encodeGguf, type GgufEntry, writeGguf } from './write.js';
