/**
 * What the mapper holds while the broker has not acknowledged it. Brokers send only so many messages of QoS 1 ahead (Mosquitto 20),
 * so this is for one that does not, and for QoS 0: of that the newest are dropped and counted. With QoS 1 the connection is made
 * anew, since the broker kept what was not acknowledged.
 */
export const mapperQueue = { messagesMax: 10_000, bytesMax: 16 * 1024 * 1024 } as const;

/** A local payload may hold so many spaces more than what is sent of it. */
export const spaceBytesMax = 64 * 1024;

/** How long `stop` waits until the broker has taken the last word. */
export const farewellMsMax = 2_000;
