/** A session of the broker door that outlives its connection. */
export type BrokerSessionRow = {
  hub: string;
  client_id: string;
  /** Of the device: one that was made again under its old name finds nothing. */
  generation_id: string;
  /** JSON array of [filter, granted QoS]. */
  subscriptions: string;
};

/** A QoS 1 or 2 message that waits for such a session, or is on its way to it. */
export type BrokerMessageRow = {
  hub: string;
  client_id: string;
  /** Counts up within the session; the packet id follows from it. */
  sequence: number;
  topic: string;
  payload: Uint8Array;
  qos: number;
  /** Whether it is sent with RETAIN: as what a topic had when the subscription was made. */
  is_retained: number;
  /** PUBREC arrived: only PUBREL is still owed. */
  is_released: number;
};

/** Packet id of a QoS 2 message that was taken from such a session and not released yet. */
export type BrokerReceivedRow = { hub: string; client_id: string; packet_id: number };

/** The retained message of a topic. The key is the topic's SHA-256: topics are longer than an index takes. */
export type BrokerRetainedRow = { hub: string; topic_key: string; topic: string; payload: Uint8Array; qos: number };

export type BrokerTables = {
  broker_session: BrokerSessionRow;
  broker_message: BrokerMessageRow;
  broker_received: BrokerReceivedRow;
  broker_retained: BrokerRetainedRow;
};
