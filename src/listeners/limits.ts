/** What the listeners bear before they refuse; defaults, changed through settings. */
export type ListenerLimits = {
  /** Open connections in all, per listener. */
  connectionsMax: number;
  /** Open connections from one address. A gateway or a test fleet may need more. */
  connectionsPerAddressMax: number;
  /** From TCP accept to the end of the TLS handshake. */
  handshakeMsMax: number;
  /** From the end of the handshake to a complete CONNECT, hub-device-protocol.md 4.2. */
  connectMsMax: number;
  /** Certificates read from a peer's chain (sphere.md 5: at most 10 parsed). */
  chainCertificatesMax: number;
  /** Bytes waiting in one socket before its peer, who does not read, is cut off. */
  socketBacklogBytesMax: number;
};

export const listenerLimits: ListenerLimits = {
  connectionsMax: 100_000,
  connectionsPerAddressMax: 50_000,
  handshakeMsMax: 20_000,
  connectMsMax: 30_000,
  chainCertificatesMax: 10,
  socketBacklogBytesMax: 4 * 1024 * 1024,
};
