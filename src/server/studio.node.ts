import { StudioFolder } from './folder/folder.node.js';
import { type HostOptions, StudioHost } from './host/host.node.js';
import { createApp } from './http/app.js';
import { checkToken, newToken } from './http/guard.js';
import { type Listening, listen } from './http/listen.node.js';
import { pageFiles } from './http/page-files.node.js';

export interface StudioOptions extends Omit<HostOptions, 'folder' | 'training'> {
  /** A checkpoint, or a folder of checkpoints. */
  readonly path: string;
  /** The folder of the built page. */
  readonly page: string;
  /** 0: any that is free. */
  readonly port?: number | undefined;
  /** The token of the page's address; a random one by default. */
  readonly token?: string | undefined;
  readonly training?: ((folder: StudioFolder) => HostOptions['training']) | undefined;
}

/** A studio that listens. */
export interface Studio {
  /** The page's address, its token in it. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly host: StudioHost;
  close(): Promise<void>;
}

/** Serves the studio on 127.0.0.1. @throws file: no such folder; value: a port that is taken */
export async function startStudio({ path, page, port = 0, token = newToken(), training, ...rest }: StudioOptions): Promise<Studio> {
  checkToken(token);
  const folder = await StudioFolder.open(path);
  const host = new StudioHost({ ...rest, folder, training: training?.(folder) });
  let listening: Listening | undefined;
  const app = createApp({ source: host, page: await pageFiles(page), token, port: () => listening?.port ?? 0 });
  listening = await listen(app, port);
  const { port: taken, close } = listening;
  return {
    url: `http://127.0.0.1:${taken}/?token=${token}`,
    port: taken,
    token,
    host,
    close: async () => {
      await close();
      await host.stop();
    },
  };
}
