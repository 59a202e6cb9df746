import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { AmqpConnections } from '#listeners/amqp-connections.ts';
import { listenerLimits } from '#listeners/limits.ts';
import { AmqpTestClient, errorIn, outcomeOf } from '#test/support/amqp-client.ts';
import { makeLeaf, type TestCertificate } from '#test/support/certificates.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { deriveDeviceKey } from '#trust/symmetric-keys.ts';
import * as encode from '#wire/amqp/encode.ts';
import { type Frame, performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import type { Described } from '#wire/amqp/value.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const groupKey = Buffer.alloc(64, 1).toString('base64');
const accepted = 0x24;
const rejected = 0x25;

describe('provisioning over AMQP', () => {
  let bench: ProvisioningBench;
  let connections: AmqpConnections;
  beforeEach(async () => {
    bench = await openProvisioningBench();
    const { clock, random, log, provisioning } = bench;
    const amqp = { hub: bench.hub.amqp, provisioning: provisioning.amqp };
    connections = new AmqpConnections({ platform: { clock, random, log }, limits: listenerLimits, amqp });
    connections.start();
    const attestation = { type: 'symmetricKey', primaryKey: groupKey, secondaryKey: groupKey } as const;
    await provisioning.groups.create({ groupId: 'by-key', displayName: 'x', type: 'iot', isEnabled: true, attestation });
  });
  afterEach(async () => {
    connections.stop();
    await bench.close();
  });

  function dial(certificates: readonly TestCertificate[] = []): AmqpTestClient {
    const [client, server] = duplexPair();
    connections.open(server, {
      remoteAddress: '192.0.2.8',
      remotePort: 40_001,
      serverName: undefined,
      tlsVersion: 'TLSv1.2',
      certificates: certificates.map(({ der }) => der),
      trackingId: 'track-2',
    });
    return new AmqpTestClient(client);
  }

  const certified = (registrationId: string) => dial([makeLeaf({ issuer: bench.ca, name: registrationId })]);

  function tokenOf(registrationId: string, key = deriveDeviceKey(groupKey, registrationId)): string {
    const resource = `${bench.provisioning.idScope}/registrations/${registrationId}`;
    const expirySeconds = Math.ceil(bench.clock.now() / secondMs) + 600;
    return formatSasToken({ resource, key: Buffer.from(key, 'base64'), expirySeconds, keyName: 'registration' });
  }

  const plain = (registrationId: string, token: string) =>
    Buffer.from(`\0${bench.provisioning.idScope}/registrations/${registrationId}\0${token}`);

  /** Both links of an address, in the order and with the modes of most. */
  function attach(client: AmqpTestClient, address: string): void {
    client.attach({ handle: 0, address, isSender: false });
    client.flow(0, 10);
    client.attach({ handle: 1, address, isSender: true });
  }

  type Ask = { id?: Buffer; data?: string; value?: Buffer; deliveryId?: number };

  async function ask(
    client: AmqpTestClient,
    application: readonly (readonly [string, string])[],
    more: Ask = {},
  ): Promise<Frame> {
    const { id = encode.string('c'), data, value, deliveryId = 0 } = more;
    const payload = encodeMessage({
      properties: { correlationId: id },
      application: application.map(([name, text]) => [name, encode.string(text)] as const),
      ...(data === undefined ? {} : { data: Buffer.from(data) }),
      ...(value && { value }),
    });
    client.transfer({ handle: 1, deliveryId, payload });
    return client.next(performative.disposition);
  }

  async function reply(client: AmqpTestClient) {
    const message = decodeMessage((await client.next(performative.transfer)).payload);
    assert.equal(message.data.length, 1);
    return { message, body: JSON.parse(String(message.data[0])) };
  }

  const registering = [['iotdps-operation-type', 'iotdps-register']] as const;
  const polling = (operationId: string) =>
    [
      ['iotdps-operation-type', 'iotdps-get-operationstatus'],
      ['iotdps-operation-id', operationId],
    ] as const;

  test('dps 36, dps 39: both spellings of the wait, ids echoed, and polls under the id of the register call', async () => {
    const client = certified('dev1');
    client.open();
    attach(client, `${bench.provisioning.idScope}/registrations/dev1`);
    const id = encode.uuid(Buffer.alloc(16, 9));
    assert.equal(outcomeOf(await ask(client, registering, { id, data: '{"registrationId":"dev1"}' })), accepted);
    const first = await reply(client);
    assert.deepEqual(first.message.encodedCorrelationId, id);
    assert.deepEqual([first.message.application.get('retry-after'), first.message.application.get('Retry-After')], [3, 3]);
    assert.equal(first.body.status, 'assigning');
    const value = encode.string('iotdps-get-operationstatus');
    assert.equal(outcomeOf(await ask(client, polling(first.body.operationId), { id, value, deliveryId: 1 })), accepted);
    const second = await reply(client);
    assert.deepEqual(second.message.encodedCorrelationId, id);
    assert.equal(second.body.status, 'assigned');
    assert.deepEqual([...second.message.application.keys()], []);
  });

  test('the addresses of Java and C lead to the same', async () => {
    for (const [registrationId, prefix] of [
      ['java', '/'],
      ['c', 'amqps://global.azure-devices-provisioning.net/'],
    ] as const) {
      const client = certified(registrationId);
      client.open();
      attach(client, `${prefix}${bench.provisioning.idScope}/registrations/${registrationId}`);
      assert.equal(outcomeOf(await ask(client, registering)), accepted);
      assert.equal((await reply(client)).body.status, 'assigning');
    }
  });

  test('dps 34: a token comes by PLAIN; a wrong one is refused there, and the refusal kept', async () => {
    const client = dial();
    assert.equal(await client.sasl('PLAIN', plain('key-1', tokenOf('key-1'))), 0);
    client.open();
    attach(client, `${bench.provisioning.idScope}/registrations/KEY-1`);
    assert.equal(outcomeOf(await ask(client, registering)), accepted);
    assert.equal((await reply(client)).body.status, 'assigning');
    const wrong = dial();
    assert.equal(await wrong.sasl('PLAIN', plain('key-2', tokenOf('key-2', groupKey))), 1);
    await wrong.end();
    const [refusal] = await bench.refusals.list();
    assert.deepEqual([refusal?.subject, refusal?.reason], ['key-2', 'token-signature']);
  });

  test('dps 37: a refusal is the rejection of the request, its description the JSON of the error', async () => {
    const client = certified('dev1');
    client.open();
    attach(client, `${bench.provisioning.idScope}/registrations/dev2`);
    const refused = await ask(client, registering);
    assert.deepEqual([outcomeOf(refused), errorIn(refused).condition], [rejected, 'amqp:unauthorized-access']);
    const state = refused.fields[4] as Described;
    const error = (state.value as unknown[])[0] as Described;
    const body = JSON.parse(String((error.value as unknown[])[1]));
    assert.deepEqual([body.errorCode, typeof body.trackingId, typeof body.timestampUtc], [401002, 'string', 'string']);
    const odd = certified('dev3');
    odd.open();
    attach(odd, `${bench.provisioning.idScope}/registrations/dev3`);
    for (const [deliveryId, application, data] of [
      [0, registering, 'no json'],
      [1, [['iotdps-operation-type', 'iotdps-get-registration']], ''],
      [2, polling('unknown'), ''],
    ] as const) {
      const answer = await ask(odd, application, { data, deliveryId });
      assert.equal(outcomeOf(answer), rejected);
      assert.match(String(errorIn(answer).condition), deliveryId === 2 ? /not-found/ : /not-allowed/);
    }
  });

  test('an address of another than the connection is for, and one without a credential, are refused', async () => {
    const client = dial();
    assert.equal(await client.sasl('PLAIN', plain('key-1', tokenOf('key-1'))), 0);
    client.open();
    client.attach({ handle: 0, address: `${bench.provisioning.idScope}/registrations/key-2`, isSender: true });
    assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
    const stranger = dial();
    stranger.open();
    stranger.attach({ handle: 0, address: `${bench.provisioning.idScope}/registrations/dev1`, isSender: true });
    assert.equal((await stranger.error(performative.detach)).condition, 'amqp:unauthorized-access');
    assert.deepEqual((await bench.refusals.list()).map(({ reason }) => reason).sort(), [
      'client-id-mismatch',
      'credentials-missing',
    ]);
  });
});
