export type { AttentionData, PictureOptions } from './attention-data.js';
export { attentionPicture } from './attention-picture.js';
