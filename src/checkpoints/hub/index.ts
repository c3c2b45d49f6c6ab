export type { DownloadOptions, HubProgress } from './download.js';
export { type FetchedCheckpoint, type FetchOptions, fetchCheckpoint, resolveCheckpoint } from './fetch-checkpoint.js';
export { isHubId } from './names.js';
