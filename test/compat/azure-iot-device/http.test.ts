import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceHttp from 'azure-iot-device-http';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;
const transport = deviceHttp.Http as Parameters<typeof Client.fromConnectionString>[1];

describe('azure-iot-device over Http, as it comes from npm', () => {
  let bench: CompatBench;
  const open: Client[] = [];
  before(async () => {
    bench = await openCompatBench();
    // What a person does with NODE_EXTRA_CA_CERTS: this transport has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  function clientOf(deviceId: string, identity: Identity): Client {
    const text = `HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};x509=true`;
    const client = Client.fromConnectionString(text, transport);
    client.setRetryPolicy(new common.NoRetry());
    // Its promise is never kept: the transport takes the options and forgets to answer.
    void client.setOptions({ cert: identity.cert, key: identity.key });
    open.push(client);
    return client;
  }

  test('hub 85, 89: a certificate signs in without a token, and a message arrives with its properties', async () => {
    const client = clientOf('http-1', await bench.registerThermometer('http-1'));
    const message = new Message('{"temperature":1.5}');
    message.messageId = 'm-1';
    message.correlationId = 'c-1';
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('Alert', 'true & more=1');
    await client.sendEvent(message);
    const { properties } = await bench.arrival('http-1', '{"temperature":1.5}');
    assert.equal(properties['message-id'], 'm-1');
    assert.equal(properties['correlation-id'], 'c-1');
    assert.equal(properties['content-type'], 'application/json');
    assert.equal(properties['content-encoding'], 'utf-8');
    assert.equal(properties.Alert, 'true & more=1');
    assert.equal(await bench.isConnected('http-1'), false);
  });

  test('hub 86: a batch arrives whole, each message with its own properties', async () => {
    const client = clientOf('http-2', await bench.registerThermometer('http-2'));
    const messages = ['{"temperature":1}', '{"temperature":2}'].map((body) => new Message(body));
    messages[1]?.properties.add('last', 'yes');
    await client.sendEventBatch(messages);
    assert.equal((await bench.arrival('http-2', '{"temperature":1}')).properties.last, undefined);
    assert.equal((await bench.arrival('http-2', '{"temperature":2}')).properties.last, 'yes');
  });

  test('a message that is too large is refused with the error that the SDK has for it', async () => {
    const client = clientOf('http-3', await bench.registerThermometer('http-3'));
    await assert.rejects(client.sendEvent(new Message(Buffer.alloc(257 * 1024))), common.errors.MessageTooLargeError);
  });

  test('a certificate that is not the device’s is refused, and why is kept', async () => {
    await bench.registerThermometer('http-4');
    const client = clientOf('http-4', bench.selfSignedOf('http-4'));
    await assert.rejects(client.sendEvent(new Message('{}')), common.errors.UnauthorizedError);
    assert.equal((await bench.refusal('http-4')).reason, 'thumbprint-mismatch');
  });
});
