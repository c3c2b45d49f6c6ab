#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=67108864 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 node
// The variables are glibc's: it keeps freed memory instead of giving it back and faulting it in again at every step, which
// makes training of 10M parameters some percent faster; and it asks for huge pages, over which weights are read 10 to 15%
// faster. Its heap grows by 64 MiB at a time: by less, V8 often takes the addresses right behind it for code, and then each
// large array becomes a mapping of its own, rounded up to huge pages (1.8 times the memory of a model of 110M parameters,
// instead of 1.4). They change no result; elsewhere they mean nothing.
import { run } from './index.node.js';

// A reader that closes the pipe (`headlight sites … | head`) has had enough: no failure.
process.stdout.on('error', (error: { code?: string }) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2));
