/**
 * What the broker door may cost. Sizes are of topic and payload together. A publisher's QoS 1 or 2 message is
 * acknowledged only if what this says of it was done.
 */
export type BrokerLimits = {
  /** Filters of one session; a further one is refused with 0x80. */
  readonly subscriptionsMax: number;
  /** Messages that wait in one session, and their bytes; the newest is left out and the log says so once. */
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
  /** Bytes that wait in all sessions together; likewise, but a connected client keeps a small share of its own. */
  readonly queuedBytesMax: number;
  /**
   * Topics with a retained message, and their bytes. A new one over the limit is passed on and not retained when its
   * QoS is 0 [MQTT-3.3.1-7]; otherwise it ends the connection, since acknowledging it would be a lie.
   */
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
};

export const brokerLimits: BrokerLimits = {
  subscriptionsMax: 1_000,
  queueMessagesMax: 1_000,
  queueBytesMax: 16 * 1024 * 1024,
  queuedBytesMax: 256 * 1024 * 1024,
  retainedMessagesMax: 10_000,
  retainedBytesMax: 64 * 1024 * 1024,
};

/** Bytes of a filter; more are refused with 0x80. */
export const filterBytesMax = 1_024;

/** Levels of a topic; a filter with more is refused with 0x80, a message to more ends the connection. */
export const topicLevelsMax = 128;

/** Levels of all filters of one session together; a further filter is refused with 0x80. Each may be a node of the tree. */
export const sessionLevelsMax = 16_000;

/** What may wait for a client that is connected although `queuedBytesMax` is reached. */
export const ownShareBytes = 64 * 1024;

/** Changes that wait for the database; while there are more, connections that publish are ended. */
export const journalEntriesMax = 50_000;
