/** Packets that a client may send, byte for byte as an independent encoder wrote them. */
export const clientPackets = {
  /** CONNECT of an X.509 device: user name, no password, clean session 0, keep-alive 180. */
  connectX509: Buffer.from(
    '103000044d515454048000b4000464657631001e682f646576312f3f6170692d76657273696f6e3d323032312d30342d3132',
    'hex',
  ),
  /** CONNECT with everything: will of QoS 1 with retain, user name, binary password. */
  connectWill: Buffer.from('102100044d51545404ee003c0001640003742f7700026869000475736572000300ff01', 'hex'),
  /** CONNECT with nothing but an empty client id, keep-alive 0. */
  connectAnonymous: Buffer.from('100c00044d515454040200000000', 'hex'),
  publishQos0: Buffer.from('30070003612f626869', 'hex'),
  publishQos1: Buffer.from('32090003612f62000a6869', 'hex'),
  publishQos1Dup: Buffer.from('3a090003612f62000a6869', 'hex'),
  /** An empty payload, retained. */
  publishRetained: Buffer.from('3103000161', 'hex'),
  /** A topic of two and four byte characters and a BOM. */
  publishUnicode: Buffer.from('300b0009efbbbfc3a4f09f9880', 'hex'),
  publishTelemetry: Buffer.from(
    '32440036646576696365732f646576312f6d657373616765732f6576656e74732f2532342e63743d6170706c69636174696f6e2532466a736f6e000b7b2274223a32312e357d',
    'hex',
  ),
  /** A remaining length of two bytes. */
  publishLong: Buffer.from(
    '32cd01000161ffff7878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878',
    'hex',
  ),
  puback: Buffer.from('40020001', 'hex'),
  /** Two filters, QoS 1 and 2. */
  subscribe: Buffer.from('820c000c0003612f230100016202', 'hex'),
  unsubscribe: Buffer.from('a207000d0003612f23', 'hex'),
  pingreq: Buffer.from('c000', 'hex'),
  disconnect: Buffer.from('e000', 'hex'),
};
