import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';

describe('devices of a hub', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  const list = '/api/ui/hubs/home/devices';
  const one = (id: string) => `${list}/${encodeURIComponent(id)}`;
  const sha1 = '27E4F2C1A0B3D4956877665544332211FFEEDDCC';
  const sha256 = sha1 + sha1.slice(0, 24);
  const selfSigned = (primaryThumbprint: string, more: object = {}) => ({
    authentication: { type: 'selfSigned', primaryThumbprint, ...more },
  });
  const errorOf = (json: { error?: unknown }) => json.error as { code: string; message: string };

  test('a thumbprint is taken as SHA-1 or SHA-256, with colons or without, in any case, and shown in one form', async () => {
    const spellings = [
      sha1,
      sha1.toLowerCase(),
      sha1.replace(/..(?=.)/g, '$&:'),
      sha256.toLowerCase().replace(/..(?=.)/g, '$&:'),
    ];
    for (const [index, spelling] of spellings.entries()) {
      const made = await call('PUT', one(`spelled-${index}`), selfSigned(spelling, { secondaryThumbprint: spelling }));
      assert.equal(made.status, 201, made.text);
      const wanted = index === 3 ? sha256 : sha1;
      assert.deepEqual([made.json.primaryThumbprint, made.json.secondaryThumbprint], [wanted, wanted]);
    }
    const { json } = await call('GET', one('spelled-0'));
    assert.deepEqual(json.connection, { isConnected: false });
    assert.equal((json.device as { authentication: string }).authentication, 'selfSigned');
  });

  test('ids with characters of their own are created, read and deleted by their own path', async () => {
    for (const id of ["a%2F#b?*!(),=@;$'", 'new', '.', ':..%']) {
      assert.equal((await call('PUT', one(id), selfSigned(sha1))).status, 201, id);
      assert.equal(((await call('GET', one(id))).json.device as { id: string }).id, id);
      assert.equal((await call('DELETE', one(id))).status, 204);
      assert.equal((await call('GET', one(id))).status, 404);
    }
  });

  for (const [what, id, body, status, words] of [
    ['an id with a space', 'my device', selfSigned(sha1), 400, /1 to 128 characters/],
    ['an id with a slash', 'a/b', selfSigned(sha1), 400, /1 to 128 characters/],
    ['an id of 129 characters', 'x'.repeat(129), selfSigned(sha1), 400, /1 to 128 characters/],
    [
      'a thumbprint of 39 digits',
      'bad',
      selfSigned(sha1.slice(1)),
      400,
      /primary thumbprint must be 40 \(SHA-1\) or 64 \(SHA-256\)/,
    ],
    ['a secondary thumbprint that is none', 'bad', selfSigned(sha1, { secondaryThumbprint: 'xyz' }), 400, /secondary thumbprint/],
    ['no thumbprint at all', 'bad', selfSigned(''), 400, /needs a primary or a secondary thumbprint/],
    [
      'a key that is no base64',
      'bad',
      { authentication: { type: 'sas', primaryKey: 'no key!' } },
      400,
      /primary key must be base64/,
    ],
    ['a key of 15 bytes', 'bad', { authentication: { type: 'sas', primaryKey: 'A'.repeat(20) } }, 400, /16 to 64 bytes/],
    ['a way to sign in that there is not', 'bad', { authentication: { type: 'none' } }, 400, /authentication/],
    ['a member that there is not', 'bad', { ...selfSigned(sha1), enable: true }, 400, /enable/],
    ['no body', 'bad', undefined, 400, /body/],
  ] as const) {
    test(`${what} is refused in words that say what is wanted, and nothing is made`, async () => {
      const answer = await call('PUT', one(id), body);
      assert.equal(answer.status, status, answer.text);
      assert.match(errorOf(answer.json).message, words);
      assert.equal(errorOf(answer.json).code === 'InvalidDeviceId', id !== 'bad');
      assert.equal((await call('GET', one('bad'))).status, 404);
    });
  }

  test('an id that exists is answered AlreadyExists, and the device keeps what it has', async () => {
    await call('PUT', one('taken'), selfSigned(sha1));
    const again = await call('PUT', one('taken'), selfSigned(sha256));
    assert.deepEqual([again.status, errorOf(again.json).code], [409, 'AlreadyExists']);
    assert.match(errorOf(again.json).message, /taken/);
    assert.equal(((await call('GET', one('taken'))).json.device as { primaryThumbprint: string }).primaryThumbprint, sha1);
  });

  test('keys are made or taken as given, and only the question for connection strings answers them', async () => {
    const primaryKey = Buffer.alloc(32, 5).toString('base64');
    const made = await call('PUT', one('keyed'), { authentication: { type: 'sas', primaryKey } });
    assert.equal(made.status, 201);
    const answer = await call('GET', `${one('keyed')}/connection-strings`);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.json.primary, `HostName=home.test;DeviceId=keyed;SharedAccessKey=${primaryKey}`);
    const [, secondaryKey = ''] = /SharedAccessKey=(.*)$/.exec(String(answer.json.secondary)) ?? [];
    assert.equal(Buffer.from(secondaryKey, 'base64').length, 32);
    for (const { text } of [made, await call('GET', one('keyed')), await call('GET', list)]) {
      assert.ok(!text.includes(primaryKey) && !text.includes(secondaryKey));
    }
  });

  test('a device that signs in with a certificate has no connection string', async () => {
    await call('PUT', one('by-ca'), { authentication: { type: 'certificateAuthority' } });
    const { status, json } = await call('GET', `${one('by-ca')}/connection-strings`);
    assert.equal(status, 409);
    assert.match(errorOf(json).message, /it has no key/);
    assert.equal((await call('GET', `${one('nobody')}/connection-strings`)).status, 404);
  });

  test('a device is created disconnected from the hub, enabled and disabled again', async () => {
    const made = await call('PUT', one('held'), { ...selfSigned(sha1), enabled: false });
    assert.equal(made.json.enabled, false);
    for (const enabled of [true, false]) {
      assert.equal((await call('PATCH', one('held'), { enabled })).json.enabled, enabled);
      assert.equal((await bench.registry.require('held')).isEnabled, enabled);
    }
  });

  test('a device that provisioning keeps out says why, and cannot be enabled past that', async () => {
    await call('PUT', one('grouped'), selfSigned(sha1));
    await bench.registry.hold(['grouped'], 'Enrollment group line is disabled.');
    const device = (await call('GET', one('grouped'))).json.device as { enabled: boolean; statusReason?: string };
    assert.deepEqual([device.enabled, device.statusReason], [false, 'Enrollment group line is disabled.']);
    const { status, json } = await call('PATCH', one('grouped'), { enabled: true });
    assert.deepEqual([status, errorOf(json).code], [409, 'DeviceHeld']);
    assert.match(errorOf(json).message, /^Enrollment group line is disabled\./);
    await bench.registry.hold(['grouped'], undefined);
    assert.equal((await bench.registry.require('grouped')).isEnabled, true);
  });

  test('new thumbprints replace the old ones, and a device without thumbprints takes none', async () => {
    await call('PUT', one('rolled'), selfSigned(sha1));
    const thumbprints = { primaryThumbprint: sha1, secondaryThumbprint: sha256 };
    const changed = await call('PATCH', one('rolled'), { thumbprints });
    assert.deepEqual([changed.json.primaryThumbprint, changed.json.secondaryThumbprint], [sha1, sha256]);
    assert.equal((await call('PATCH', one('rolled'), { thumbprints: { primaryThumbprint: 'no' } })).status, 400);
    assert.equal((await bench.registry.require('rolled')).isEnabled, true);
    await call('PUT', one('no-print'), { authentication: { type: 'certificateAuthority' } });
    assert.equal((await call('PATCH', one('no-print'), { thumbprints })).status, 409);
  });

  test('a long list comes a thousand at a time, in order of id, and none twice', async () => {
    const own = await openCentralBench();
    const ask = await own.client();
    const ids = Array.from({ length: 1_001 }, (_, index) => `d-${String(index).padStart(4, '0')}`);
    for (const deviceId of ids) await own.registry.create({ deviceId, authentication: { type: 'certificateAuthority' } });
    const first = await ask('GET', list);
    assert.equal(first.json.next, 'd-0999');
    const second = await ask('GET', `${list}?after=${first.json.next}`);
    assert.equal(second.json.next, undefined);
    const found = [first, second].flatMap(({ json }) => (json.value as { id: string }[]).map(({ id }) => id));
    assert.deepEqual(found, ids);
    await own.close();
  });

  test('the list of hubs names each with what devices dial', async () => {
    const [hub] = (await call('GET', '/api/ui/hubs')).json.value as { name: string; hostName: string }[];
    assert.deepEqual([hub?.name, hub?.hostName], ['home', 'home.test']);
  });

  test('a hub that there is not is answered HubNotFound on every path', async () => {
    for (const path of ['devices', 'devices/x', 'devices/x/connection-strings', 'messages']) {
      const { status, json } = await call('GET', `/api/ui/hubs/away/${path}`);
      assert.deepEqual([status, errorOf(json).code], [404, 'HubNotFound'], path);
    }
  });
});
