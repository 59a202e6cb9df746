import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import iothub from 'azure-iothub';
import { systemClock } from '#base/clock.ts';
import { AmqpTestClient, outcomeOf } from '#test/support/amqp-client.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { handshake, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';

const hubName = 'hub.example';
let bench: ServiceBench;
before(async () => {
  bench = await openServiceBench(['--host-name', hubName]);
  makeKnown(hubName, bench.home.address);
});
after(() => bench?.close());

async function dial(port: number) {
  const { address: host, ca } = bench.home;
  const socket = connect({ host, port, ca, servername: hubName });
  await once(socket, 'secureConnect');
  return socket;
}

/** AMQP in a WebSocket at this path. */
async function dialWebSocket(path: string): Promise<AmqpTestClient> {
  const webSocket = new RawWebSocket(await dial(bench.home.status.hub.httpsPort));
  const head = await webSocket.ask(
    handshake(path, [
      `Host: ${hubName}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: AMQPWSB10',
    ]),
  );
  assert.match(head, /^HTTP\/1\.1 101 /);
  return new AmqpTestClient(webSocket.stream());
}

const doors = [
  ['TCP', async () => new AmqpTestClient(await dial(bench.home.status.hub.amqpPort))],
  ...[
    '/$servicebus/websocket/',
    '/$servicebus/websocket',
    '/$iothub/websocket',
    '/$iothub/websocket?iothub-no-client-cert=true',
  ].map((path) => [path, () => dialWebSocket(path)] as const),
] as const;

for (const [name, open] of doors) {
  test(`hub-service 69: what uamqp writes is taken over ${name}: MSSBCBS, ulong ids, no reply-to`, async () => {
    const registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    const deviceId = `uamqp-${doors.findIndex(([door]) => door === name)}`;
    await registry.create({ deviceId });
    const client = await open();
    assert.equal(await client.sasl('MSSBCBS'), 0);
    client.open({ hostName: hubName });
    client.attach({ handle: 0, address: '$cbs', isSender: true, name: 'cbs-sender' });
    client.attach({ handle: 1, address: '$cbs', isSender: false, name: 'cbs-receiver' });
    client.flow(1, 1);
    const token = bench.token('service', Math.ceil(systemClock.now() / 1000) + 3_600);
    client.putToken(0, token, `https://${hubName}`, encode.ulong(0));
    const { status, correlationId } = await client.cbsReply();
    assert.deepEqual([status, correlationId], [200, encode.ulong(0)]);
    client.attach({ handle: 2, address: `amqps://${hubName}/messages/devicebound`, isSender: true });
    await client.next(performative.flow);
    const payload = encodeMessage({
      properties: { to: encode.string(`/devices/${deviceId}/messages/devicebound`) },
      data: Buffer.from('from python'),
    });
    client.transfer({ handle: 2, deliveryId: 1, payload });
    assert.equal(outcomeOf(await client.next(performative.disposition, ({ fields }) => fields[1] === 1)), 0x24);
    assert.equal((await registry.get(deviceId)).responseBody.cloudToDeviceMessageCount, 1);
    client.stream.destroy();
  });
}
