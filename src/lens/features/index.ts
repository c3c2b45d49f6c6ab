export { type Activations, activationsAt } from './activations.js';
export { describeFeatures, type Feature, type FeatureExample, type FeatureOptions, type FeatureReport } from './describe.js';
export { SparseAutoencoder, type SparseAutoencoderConfig, type SparseAutoencoderWeights } from './sparse-autoencoder.js';
export { type AutoencoderTrainingOptions, trainAutoencoder } from './train-autoencoder.js';
