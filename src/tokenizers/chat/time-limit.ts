/**
 * Runs a function that a stranger's file decides the length of, for so many milliseconds at most. Import it as
 * `#time-limit`; the package's conditions choose: `time-limit.node.ts`, or `time-limit.web.ts`, where nothing can end a
 * running function and only the limits of steps and sizes hold.
 *
 * @returns what the function returns; undefined where it took too long
 */
export declare function withinTime<T extends object>(milliseconds: number, run: () => T): T | undefined;
