import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { type HubBench, hubHost, until } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';

describe('what back ends change at a hub', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let amqp: AmqpBench;
  let close: () => Promise<void>;
  before(async () => {
    ({ bench, client, close } = await openHubService());
    amqp = openAmqpBench(bench);
  });
  after(async () => {
    amqp.stop();
    await close();
  });

  const entriesOf = async (target: string) =>
    (await bench.audit.list({ target })).map(({ hub, actor, credential, action, status, detail }) => ({
      hub,
      actor,
      credential,
      action,
      status,
      ...(detail !== '' && { detail }),
    }));

  test('is kept with the access policy that it was signed under, before it is answered', async () => {
    await client.ask('PUT', '/devices/made', { body: { deviceId: 'made' }, policy: 'registryReadWrite' });
    await client.ask('PATCH', '/twins/made', { body: { tags: { floor: 2 } }, policy: 'service' });
    const common = { hub: 'home', credential: 'policy', status: 200 };
    assert.deepEqual(await entriesOf('/devices/made'), [
      { ...common, actor: 'registryReadWrite', action: 'PUT /devices/:deviceId' },
    ]);
    assert.deepEqual(await entriesOf('/twins/made'), [{ ...common, actor: 'service', action: 'PATCH /twins/:deviceId' }]);
  });

  test('leaves nothing when it was refused, or when nothing was changed', async () => {
    await client.ask('PUT', '/devices/refused', { body: { deviceId: 'refused' }, policy: 'device' });
    await client.ask('PUT', '/devices/refused', { body: { deviceId: 'another' } });
    await client.ask('DELETE', '/devices/refused', { ifMatch: '*' });
    await client.ask('GET', '/devices/refused');
    assert.deepEqual(await entriesOf('/devices/refused'), []);
  });

  test('holds no secret of what was sent and answered', async () => {
    const key = Buffer.alloc(32, 9).toString('base64');
    const authentication = { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } };
    await client.ask('PUT', '/devices/keyed', { body: { deviceId: 'keyed', authentication } });
    const all = JSON.stringify(await bench.audit.list({ limit: 1_000 }));
    assert.ok(all.includes('/devices/keyed'));
    assert.ok(!all.includes(key));
  });

  test('names each identity of a bulk call, and not those that were refused', async () => {
    await bench.addDevice('there');
    await client.ask('POST', '/devices', {
      body: [
        { id: 'bulk-1', importMode: 'create' },
        { id: 'there', importMode: 'create' },
        { id: 'bulk-2', importMode: 'createOrUpdate' },
      ],
    });
    const details = (await entriesOf('/devices')).filter(({ action }) => action === 'POST /devices').map(({ detail }) => detail);
    assert.deepEqual(details.sort(), ['create bulk-1', 'createorupdate bulk-2']);
  });

  test('is kept of a message over AMQP before it is accepted', async () => {
    await bench.addDevice('heard');
    const peer = amqp.dial();
    peer.open();
    peer.cbs();
    peer.putToken(0, amqp.policyToken('service'), hubHost);
    assert.equal((await peer.cbsReply()).status, 200);
    peer.attach({ handle: 2, address: '/messages/devicebound', isSender: true });
    await peer.next(performative.attach, (frame) => frame.fields[0] === 'link-2');
    const to = encode.string('/devices/heard/messages/devicebound');
    peer.transfer({ handle: 2, deliveryId: 1, payload: encodeMessage({ data: Buffer.from('x'), properties: { to } }) });
    await until('the message is kept', async () => (await bench.hub.cloudToDevice.count('heard')) === 1);
    await until('its entry is there', async () => (await entriesOf('/devices/heard')).length === 1);
    assert.deepEqual(await entriesOf('/devices/heard'), [
      { hub: 'home', actor: 'service', credential: 'policy', action: 'SEND /messages/devicebound', status: 200 },
    ]);
  });
});
