import { spawn } from 'node:child_process';

/** Asks the desktop to open a file. Where there is no desktop, nothing happens: the path has been printed. */
export function openInBrowser(path: string): void {
  const [command, ...before] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command as string, [...before, path], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
