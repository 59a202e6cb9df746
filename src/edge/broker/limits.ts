/** One local packet: room for what the mapper refuses with a reason, which a closed connection would not give. More closes. */
export const localPacketBytesMax = 4 * 1024 * 1024;
/** Of a topic, MQTT's own. Bytes that are no text become three each, so one from a stranger may be longer. */
export const topicBytesMax = 65_535;
/** Local connections; what comes above waits in the system's queue. */
export const localConnectionsMax = 1_000;
/** Sessions that outlive their connection; a client above this number is not granted a subscription in one. */
export const localSessionsMax = 100;
/** Messages that wait for one client that is away; above it the newest are dropped, as Mosquitto does (thin-edge.md 14). */
export const localQueueMax = 1_000;
