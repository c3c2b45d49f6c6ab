/**
 * The files a library needs, behind one interface: `files.node.ts` on a disk, `files.web.ts` by fetch, reading only.
 * Import it as `#files`; the package's conditions choose.
 *
 * Errors have code `file` where a path is wrong, and `storage` where a disk is full or fails.
 */
export interface FileStat {
  readonly kind: 'file' | 'folder' | 'missing';
  readonly bytes: number;
}

/** A file open for reading parts of it. */
export interface RangeReader {
  readonly bytes: number;
  /** `length` bytes from `offset`; fewer is an error of code `file`. @param into memory of that length, for their place */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file whose parts are read later, and by others: it is to stay as it is. */
export interface PlacedFile {
  readonly folder: string;
  readonly name: string;
  /** @throws file: it was changed, replaced or removed */
  check(): void;
  /** `length` bytes from `offset`, at once. @throws as `check` */
  read(offset: number, length: number): Uint8Array;
}

/** A file for this process alone, which is written and then read as a placed file; it goes when nothing refers to it any more. */
export interface ScratchFile extends PlacedFile {
  /** Adds to its end. @returns where it was added @throws storage: no room */
  write(bytes: Uint8Array): Promise<number>;
  /** Lets go of it now: for one that nobody reads. */
  discard(): void;
}

/** A new file, written from its beginning to its end. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes all of it to the disk and closes it. */
  close(): Promise<void>;
  /** Closes and removes it; harmless after `close`, which it undoes. */
  discard(): Promise<void>;
}

export interface Files {
  stat(path: string): Promise<FileStat>;
  readBytes(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  /** A file from its beginning in fresh blocks of `blockBytes`, the last one shorter; an empty file has none. */
  readBlocks(path: string, blockBytes: number): AsyncIterable<Uint8Array>;
  openRange(path: string): Promise<RangeReader>;
  /** Where a file lies, links followed; `undefined` where there is no disk. @throws file: no such file */
  place(path: string): Promise<PlacedFile | undefined>;
  /** A new scratch file on the folder's disk; `undefined` where there is none, or not room for so many bytes. Missing folders are made. */
  scratch(folder: string, bytes: number): Promise<ScratchFile | undefined>;
  /** Names in a folder, sorted. */
  list(folder: string): Promise<string[]>;
  makeFolder(folder: string): Promise<void>;
  /** A file that is not there yet. Missing folders are made. */
  createFile(path: string): Promise<FileWriter>;
  /** Whole or not at all: written beside, flushed to disk, renamed. Missing folders are made. */
  writeAtomic(path: string, content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * A new folder, whole or not at all: `fill` writes into the folder beside that it is given, which then takes the name.
   * @throws file: there is a folder of that name already, with something in it
   */
  writeFolderAtomic(folder: string, fill: (temporary: string) => Promise<void>): Promise<void>;
  /** Removes what killed writers left in a folder: temporary files and folders that nothing was written to for so long. */
  removeTemporaries(folder: string, idleSeconds: number): Promise<void>;
  /** Adds to a file's end; what cannot be added whole is taken back. */
  append(path: string, content: string | Uint8Array): Promise<void>;
  /** `append` of bytes. */
  appendBytes(path: string, bytes: Uint8Array): Promise<void>;
  /** A file, or a folder with all in it; what is not there is no error. */
  remove(path: string): Promise<void>;
  /**
   * Takes a place for this process by a file that names it; what a killed process left is taken over.
   * @returns gives it back
   * @throws file: another process that is alive has it
   */
  claim(path: string): Promise<() => Promise<void>>;
  join(...parts: string[]): string;
  /** The one spelling of a path: absolute, without `.` and `..`. */
  resolve(path: string): string;
  /** Where what can be made again may be kept: `HEADLIGHT_CACHE`, else `headlight` in the user's cache; nowhere in a browser. */
  cacheFolder(): string | undefined;
}

export declare const files: Files;
