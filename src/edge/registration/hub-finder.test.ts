import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { makeCa } from '#test/support/certificates.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { KnownTime } from '../reach/known-time.ts';
import { keepAssignment, loadAssignment } from './assignment-file.ts';
import { fingerprintOf, loadCredential } from './credential.ts';
import { openHubFinder } from './hub-finder.ts';

const { signal } = new AbortController();
/** Nobody listens there. */
const dps = { host: '127.0.0.1', port: 1, idScope: 'S', registrationId: 'r', modelId: undefined };

async function world(t: TestContext) {
  const directory = temporaryDirectory(t);
  const [keyPath, rootsPath] = [join(directory, 'device.key'), join(directory, 'root.pem')];
  writeFileSync(keyPath, Buffer.alloc(32, 5).toString('base64'));
  writeFileSync(rootsPath, makeCa({ name: 'Root' }).pem);
  let log = '';
  const write = (line: string) => {
    log += line;
  };
  const platform = { clock: systemClock, random: systemRandom, log: openLog('info', { write }) };
  const credential = { kind: 'key', path: keyPath } as const;
  const fingerprint = fingerprintOf(await loadCredential(credential));
  const reach = { rootsPath, proxy: undefined, time: await KnownTime.open(platform, directory) };
  const open = (hub: Parameters<typeof openHubFinder>[1]['hub'] = { dps, directory }) =>
    openHubFinder(platform, { reach, credential, httpsPort: 1, hub });
  const keep = (other: object = {}) =>
    keepAssignment(platform, directory, {
      ...{ hubHostName: 'hub.example', deviceId: 'd', idScope: 'S', registrationId: 'r', credential: fingerprint },
      ...other,
    });
  return { directory, keyPath, open, keep, log: () => log };
}

test('a hub that the settings name is that hub, whatever becomes of it', async (t) => {
  const { open } = await world(t);
  const hub = open({ host: 'named.example', port: 8883, deviceId: 'd' });
  for (const _ of [1, 2]) {
    const { host, deviceId } = await hub.find(signal);
    assert.deepEqual([host, deviceId], ['named.example', 'd']);
    hub.missed('refused');
  }
});

test('with nothing kept and DPS away there is no hub', async (t) => {
  const { open } = await world(t);
  await assert.rejects(open().find(signal), /ECONNREFUSED/);
});

test('what is kept is the hub while DPS is away; DPS is asked after a refusal, or when the hub was away three times', async (t) => {
  const { open, keep, log } = await world(t);
  await keep();
  const hub = open();
  const asked = () => log().match(/"event":"registration\.failed"/g)?.length ?? 0;
  const find = async () => {
    const { host, port, deviceId } = await hub.find(signal);
    assert.deepEqual([host, port, deviceId], ['hub.example', dps.port, 'd']);
    return asked();
  };
  assert.equal(await find(), 0);
  hub.missed('unreachable');
  hub.missed('unreachable');
  assert.equal(await find(), 0);
  hub.reached();
  hub.missed('unreachable');
  hub.missed('unreachable');
  assert.equal(await find(), 0, 'what went before it was there does not count');
  hub.missed('unreachable');
  assert.equal(await find(), 1);
  assert.equal(await find(), 1, 'once for each time');
  hub.missed('refused');
  assert.equal(await find(), 2);
});

for (const [what, other] of [
  ['ID scope', { idScope: 'T' }],
  ['registration', { registrationId: 'other' }],
] as const) {
  test(`what was kept for another ${what} is none`, async (t) => {
    const { open, keep } = await world(t);
    await keep(other);
    await assert.rejects(open().find(signal), /ECONNREFUSED/);
  });
}

test('with another key DPS is asked first, and the hub that is known is tried all the same', async (t) => {
  const { open, keep, keyPath, log } = await world(t);
  await keep();
  writeFileSync(keyPath, Buffer.alloc(32, 6).toString('base64'));
  assert.equal((await open().find(signal)).host, 'hub.example');
  assert.match(log(), /registration\.failed/);
});

test('a file that is cut, or is none, is no assignment', async (t) => {
  const { directory, keep } = await world(t);
  await keep();
  assert.equal((await loadAssignment(directory))?.hubHostName, 'hub.example');
  for (const content of ['', '{', '[]', '{"hubHostName":"h"}', 'x'.repeat(5_000)]) {
    writeFileSync(join(directory, 'az-assignment.json'), content);
    assert.equal(await loadAssignment(directory), undefined, content.slice(0, 20));
  }
});
