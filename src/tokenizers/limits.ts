/** Ids make arrays of their size, so a single huge one would fill the memory. The largest vocabularies have 2^18. */
export const mostIds = 2 ** 22;
