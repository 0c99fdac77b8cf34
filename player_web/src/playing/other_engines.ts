/** The engines that are loaded where they are needed. */
export { NativeEngine } from "./native_engine.ts";
export { ProgressiveEngine } from "./progressive_engine.ts";
