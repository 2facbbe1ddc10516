/**
 * A wire to an interrupt controller: high while the device asks for service. A device sets it high for each new reason,
 * also where it was high before.
 */
export type InterruptLine = (high: boolean) => void;
