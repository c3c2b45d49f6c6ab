/**
 * What the hub's cache needs of the system beyond files. Import it as `#hub-system`; the package's conditions choose:
 * `system.node.ts`, or `system.web.ts`, where there is no cache.
 */
export interface HubSystem {
  /** A variable of the environment; undefined where unset or empty. */
  env(name: string): string | undefined;
  /** `~/.cache`, or the user's own; undefined where there is no disk. */
  userCache(): string | undefined;
  /** The user's own folder, which `~` stands for. */
  home(): string;
  move(from: string, to: string): Promise<void>;
  /** Makes `path` another name of the file at `target`, given relative to `path`'s folder: a link, or a copy where there are none. */
  link(target: string, path: string): Promise<void>;
  hash(algorithm: 'sha1' | 'sha256'): { update(bytes: Uint8Array): void; hex(): string };
}

export declare const system: HubSystem;
