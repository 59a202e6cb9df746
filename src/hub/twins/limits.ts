/** Limits of twins, hub-device-protocol.md 10; the cloud documents the same values. */
export const twinLimits = {
  /** Characters of keys and values of one section; numbers count 8, booleans 4. */
  tagsSizeMax: 8 * 1024,
  desiredSizeMax: 32 * 1024,
  reportedSizeMax: 32 * 1024,
  keyBytesMax: 1024,
  stringBytesMax: 4096,
  depthMax: 10,
  integerMin: -4_503_599_627_370_496,
  integerMax: 4_503_599_627_370_495,
  /** A patch as text: a full section with every character escaped stays below. */
  patchBytesMax: 256 * 1024,
} as const;

export type TwinLimits = Readonly<Record<keyof typeof twinLimits, number>>;
