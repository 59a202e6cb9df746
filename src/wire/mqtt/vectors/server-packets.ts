/** Packets that a server may send, byte for byte as an independent encoder wrote them. */
export const serverPackets = {
  connack: Buffer.from('20020000', 'hex'),
  /** A stored session was found. */
  connackPresent: Buffer.from('20020100', 'hex'),
  connackRefused: Buffer.from('20020005', 'hex'),
  puback: Buffer.from('4002000a', 'hex'),
  /** Granted 1, refused. */
  suback: Buffer.from('9004000c0180', 'hex'),
  unsuback: Buffer.from('b002000d', 'hex'),
  pingresp: Buffer.from('d000', 'hex'),
  publishQos0: Buffer.from('3025001f24696f746875622f6d6574686f64732f504f53542f676f2f3f247269643d316e756c6c', 'hex'),
  publishQos1: Buffer.from(
    '3231002a646576696365732f646576312f6d657373616765732f646576696365626f756e642f2532342e746f3d780001000102',
    'hex',
  ),
};
