/** Registers by offset (VIRTIO 1.2, sections 4.2.2 and 4.2.4). */
export const Register = {
  magicValue: 0x00,
  version: 0x04,
  deviceId: 0x08,
  vendorId: 0x0c,
  deviceFeatures: 0x10,
  deviceFeaturesSelect: 0x14,
  driverFeatures: 0x20,
  driverFeaturesSelect: 0x24,
  /** Legacy. */
  guestPageSize: 0x28,
  queueSelect: 0x30,
  queueSizeMax: 0x34,
  queueSize: 0x38,
  /** Legacy. */
  queueAlign: 0x3c,
  /** Legacy. */
  queuePfn: 0x40,
  queueReady: 0x44,
  queueNotify: 0x50,
  interruptStatus: 0x60,
  interruptAck: 0x64,
  status: 0x70,
  /** Addresses of the three areas, 0x10 apart; their high halves are 4 further on. */
  queueDescriptors: 0x80,
  queueDriver: 0x90,
  queueDevice: 0xa0,
  sharedMemoryLengthLow: 0xb0,
  sharedMemoryBaseHigh: 0xbc,
  configGeneration: 0xfc,
  config: 0x100,
} as const;

/** Bits of the status register (section 2.1). */
export const Status = {
  acknowledge: 1,
  driver: 2,
  driverOk: 4,
  featuresOk: 8,
  needsReset: 0x40,
  failed: 0x80,
} as const;

/** Bits of the interrupt status. */
export const Cause = { usedBuffers: 1, configChanged: 2 } as const;
