/**
 * The files a library needs, behind one interface: `files.node.ts` on a disk, `files.web.ts` by fetch, reading only.
 * Import it as `#files`; the package's conditions choose.
 */
export interface FileStat {
  readonly kind: 'file' | 'folder' | 'missing';
  readonly bytes: number;
}

/** A file open for reading parts of it. */
export interface RangeReader {
  readonly bytes: number;
  /** `length` bytes from `offset`; fewer is an error of code `file`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface Files {
  stat(path: string): Promise<FileStat>;
  readBytes(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  openRange(path: string): Promise<RangeReader>;
  /** Names in a folder, sorted. */
  list(folder: string): Promise<string[]>;
  makeFolder(folder: string): Promise<void>;
  /** Whole or not at all: written beside, flushed to disk, renamed. Missing folders are made. */
  writeAtomic(path: string, content: string | Uint8Array | Iterable<Uint8Array>): Promise<void>;
  append(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  join(...parts: string[]): string;
  /** The one spelling of a path: absolute, without `.` and `..`. */
  resolve(path: string): string;
}

export declare const files: Files;
