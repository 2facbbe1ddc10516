/** A wire to an interrupt controller: high while the device asks for service. Setting it again is harmless. */
export type InterruptLine = (high: boolean) => void;
