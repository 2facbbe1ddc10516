/** Feature bits of rings and transports (VIRTIO 1.2, section 6; the first two are legacy, section 6.3). */
export const Feature = {
  notifyOnEmpty: 1n << 24n,
  anyLayout: 1n << 27n,
  indirectDescriptors: 1n << 28n,
  eventIndex: 1n << 29n,
  version1: 1n << 32n,
  packedRing: 1n << 34n,
} as const;

/** What a transport of this version offers beside the features of its device. */
export function transportFeatures(version: 1 | 2, packed: boolean): bigint {
  const rings = Feature.indirectDescriptors | Feature.eventIndex;
  if (version === 1) return rings | Feature.notifyOnEmpty | Feature.anyLayout;
  return rings | Feature.version1 | (packed ? Feature.packedRing : 0n);
}
