/** Waiting for the device to connect, and for its answer, in seconds (central.md 4.3). */
export const connectionTimeoutSecondsDefault = 0;
export const responseTimeoutSecondsDefault = 30;
/** Runs kept per device and command. */
export const commandRunsMax = 100;
