export type { Binding } from './bindings.js';
export { checkDevice } from './check-device.js';
export { checkSites } from './check-sites.js';
export { type Compiled, type CompileOptions, compile, type HostArguments, type HostLike, type HostResult } from './compile.js';
export type { EngineSettings, EngineTensor, SessionOptions } from './engine/engine.js';
export { memory, own } from './memory.js';
export { type GraphInput, type LoweredProgram, lowerProgram, Program, type ProgramOptions } from './program.js';
export { configureEngine, engineTensor, fromEngine, Session } from './session.js';
export { selectSites, siteNames, sitesOf } from './sites.js';
