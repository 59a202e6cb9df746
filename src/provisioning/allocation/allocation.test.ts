import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type AllocationSettings, defaultAllocation } from './allocation-settings.ts';
import { buildCheckAllocation } from './check-allocation.ts';
import { buildChooseHub, type HubRequest } from './choose-hub.ts';
import { buildAskWebhook } from './custom-allocation.ts';
import { chooseHashed } from './hashed.ts';
import { type LinkedHub, linkHubs } from './linked-hubs.ts';
import { isMaskOf, maskedUrl } from './masked-url.ts';

const hubOf = (hostName: string) => ({ hostName }) as unknown as LinkedHub['hub'];
const main = hubOf('main.example');
const all = [main, hubOf('b.example'), hubOf('c.example')];
const webhook = { url: new Secret('https://hook.example/a?code=secret'), apiVersion: '2021-10-01' };

const settingsOf = (changes: Partial<AllocationSettings>): AllocationSettings => ({ ...defaultAllocation, ...changes });
const requestOf = (changes: Partial<HubRequest> = {}): HubRequest => ({
  registrationId: 'dev1',
  settings: defaultAllocation,
  enrollment: { enrollmentGroup: { enrollmentGroupId: 'g' } },
  attestation: 'symmetricKey',
  current: undefined,
  payload: undefined,
  ...changes,
});

describe('choosing a hub', () => {
  const chooseFrom = (hubs: readonly LinkedHub['hub'][]) =>
    buildChooseHub(linkHubs(main, { list: () => hubs }), async () => assert.fail('no webhook is asked'));

  async function hostOf(settings: Partial<AllocationSettings>, registrationId = 'dev1', hubs = all) {
    const choice = await chooseFrom(hubs)(requestOf({ settings: settingsOf(settings), registrationId }));
    return choice.outcome === 'chosen' ? choice.link.hub.hostName : choice.outcome === 'failed' && choice.errorCode;
  }

  test('without a word about hubs every device gets the main one, however many there are', async () => {
    for (const allocationPolicy of ['hashed', 'geoLatency'] as const) {
      for (let i = 0; i < 20; i++) assert.equal(await hostOf({ allocationPolicy }, `dev${i}`), 'main.example');
    }
    assert.equal(await hostOf({}), 'main.example');
  });

  test('hashed spreads devices over the named hubs, and each device keeps its own, in any case', async () => {
    const iotHubs = ['B.example', 'c.EXAMPLE'];
    const hosts = new Set<unknown>();
    for (let i = 0; i < 40; i++) {
      const host = await hostOf({ iotHubs }, `Dev${i}`);
      hosts.add(host);
      assert.equal(await hostOf({ iotHubs: iotHubs.toReversed() }, `dev${i}`), host);
    }
    assert.deepEqual(hosts, new Set(['b.example', 'c.example']));
  });

  test('when a hub is taken away, only the devices that were there get another one', async () => {
    const iotHubs = all.map(({ hostName }) => hostName);
    for (let i = 0; i < 60; i++) {
      const before = await hostOf({ iotHubs }, `dev${i}`);
      const after = await hostOf({ iotHubs: iotHubs.slice(0, 2) }, `dev${i}`);
      if (before === 'c.example') assert.notEqual(after, 'c.example');
      else assert.equal(after, before);
    }
  });

  test('hashed goes by weight: a hub of weight 3 gets about three times what one of weight 1 gets', () => {
    const link = (hostName: string, allocationWeight: number) => ({
      hub: hubOf(hostName),
      appliesAllocationPolicy: true,
      allocationWeight,
    });
    const candidates = [link('a', 3), link('b', 1)];
    let heavy = 0;
    for (let i = 0; i < 4_000; i++) if (chooseHashed(candidates, `dev-${i}`)?.hub.hostName === 'a') heavy++;
    assert.ok(heavy > 2_850 && heavy < 3_150, String(heavy));
  });

  test('static is the one hub that is named; one that is linked no more is 404210, and no hub at all 400208', async () => {
    assert.equal(await hostOf({ allocationPolicy: 'static', iotHubs: ['c.example'] }), 'c.example');
    assert.equal(await hostOf({ allocationPolicy: 'static', iotHubs: ['gone.example'] }), 404210);
    assert.equal(await hostOf({}, 'dev1', []), 400208);
  });
});

describe('asking a webhook', () => {
  type Sent = { url: string; json: JsonObject };
  function openWebhook(answer: { status?: number; body?: unknown } | Problem) {
    const sent: Sent[] = [];
    const ask = buildAskWebhook(testPlatform(), {
      async post({ url, json }) {
        sent.push({ url: url.reveal(), json: json as JsonObject });
        if (answer instanceof Problem) throw answer;
        const { status = 200, body } = answer;
        return { status, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? null)) };
      },
    });
    const choose = buildChooseHub(linkHubs(main, { list: () => all }), ask);
    return {
      sent,
      choose: (changes: Partial<HubRequest> = {}) =>
        choose(
          requestOf({
            settings: settingsOf({ allocationPolicy: 'custom', iotHubs: ['main.example', 'b.example'], webhook }),
            ...changes,
          }),
        ),
    };
  }

  test('it gets the enrollment, the device with what it sent, and the hubs it may name', async () => {
    const { sent, choose } = openWebhook({ body: { iotHubHostName: 'b.example' } });
    const payload = { a: [1, { b: null }], c: 'ü' };
    const current = { hubHostName: 'main.example', deviceId: 'd-1' };
    await choose({ payload, current, attestation: 'x509' });
    assert.deepEqual(sent, [
      {
        url: 'https://hook.example/a?code=secret',
        json: {
          enrollmentGroup: { enrollmentGroupId: 'g' },
          deviceRuntimeContext: {
            registrationId: 'dev1',
            currentIotHubHostName: 'main.example',
            currentDeviceId: 'd-1',
            x509: {},
            payload,
          },
          linkedHubs: ['main.example', 'b.example'],
        },
      },
    ]);
  });

  test('at the first registration there is no current hub, and without a payload none is sent', async () => {
    const { sent, choose } = openWebhook({ body: { iotHubHostName: 'b.example' } });
    await choose();
    assert.deepEqual(sent[0]?.json.deviceRuntimeContext, { registrationId: 'dev1', symmetricKey: {} });
  });

  test('its hub, its twin and its payload are taken', async () => {
    const body = {
      iotHubHostName: 'B.example',
      initialTwin: { tags: { a: 1 }, properties: { desired: { b: 2 } } },
      payload: { c: 3 },
    };
    const choice = await openWebhook({ status: 201, body }).choose();
    assert.equal(choice.outcome === 'chosen' && choice.link.hub.hostName, 'b.example');
    assert.deepEqual(choice.outcome === 'chosen' && choice.initialTwin, { tags: { a: 1 }, desired: { b: 2 } });
    assert.deepEqual(choice.outcome === 'chosen' && choice.payload, { c: 3 });
  });

  const unavailable = (reason: string) => new Problem('unavailable', 'x', { reason });
  for (const [what, answer, errorCode, errorMessage] of [
    ['400', { status: 400 }, 400207, 'Custom allocation failed with status code: 400'],
    ['500', { status: 500 }, 400207, 'Custom allocation failed with status code: 500'],
    ['a redirect', { status: 302 }, 400207, 'Custom allocation failed with status code: 302'],
    ['401', { status: 401 }, 400209, 'Custom allocation failed with status code: 401'],
    ['403', { status: 403 }, 400209, 'Custom allocation failed with status code: 403'],
    ['no JSON', { body: '<html>' }, 400207, 'Custom allocation failed: the answer of the webhook is not JSON.'],
    ['nothing', { body: '' }, 400207, 'Custom allocation failed: the answer of the webhook is not JSON.'],
    ['a list', { body: [] }, 400207, 'Custom allocation failed: the answer of the webhook is not an object.'],
    ['no hub', { body: {} }, 400208, 'Custom allocation named no hub.'],
    ['null for a hub', { body: { iotHubHostName: null } }, 400208, 'Custom allocation named no hub.'],
    [
      'a hub that it may not name',
      { body: { iotHubHostName: 'c.example' } },
      400208,
      'Custom allocation named a hub that the enrollment does not allow.',
    ],
    [
      'a payload that is a text',
      { body: { iotHubHostName: 'b.example', payload: 'x' } },
      400207,
      'Custom allocation failed: its payload is not an object.',
    ],
    [
      'a twin that is a list',
      { body: { iotHubHostName: 'b.example', initialTwin: [] } },
      400207,
      'Custom allocation failed: its initialTwin is not an object.',
    ],
    ['no answer in time', unavailable('target-timeout'), 400207, 'Custom allocation failed: the webhook did not answer in time.'],
    ['nobody there', unavailable('target-unreachable'), 400207, 'Custom allocation failed: the webhook cannot be reached.'],
    ['an address inside', unavailable('target-refused'), 400207, 'Custom allocation failed: the webhook must not be called.'],
    ['too much', unavailable('answer-too-large'), 400207, 'Custom allocation failed: the answer of the webhook is too large.'],
  ] as const) {
    test(`${what} is ${errorCode}`, async () => {
      assert.deepEqual(await openWebhook(answer).choose(), { outcome: 'failed', errorCode, errorMessage });
    });
  }

  test('when too many calls are under way the device waits', async () => {
    assert.deepEqual(await openWebhook(unavailable('too-many-calls')).choose(), { outcome: 'wait' });
  });

  test('a fault of ours is thrown, not told to the device', async () => {
    await assert.rejects(openWebhook(new Problem('internal', 'x')).choose(), Problem);
  });
});

describe('what an enrollment may say about its hub', () => {
  const checked: string[] = [];
  const check = buildCheckAllocation(linkHubs(main, { list: () => all }), {
    checkUrl(text) {
      checked.push(text);
      return new URL(text);
    },
  });
  const refused = (settings: Partial<AllocationSettings>, present?: AllocationSettings) =>
    assert.throws(
      () => check(settingsOf(settings), present),
      (error) => error instanceof Problem && error.code === 'argument-invalid',
    );

  test('hubs are linked, static names one of them, custom has a webhook', () => {
    check(settingsOf({ iotHubs: ['B.EXAMPLE', 'main.example'] }));
    check(settingsOf({ allocationPolicy: 'static', iotHubs: ['c.example'] }));
    check(settingsOf({ allocationPolicy: 'custom', webhook }));
    refused({ iotHubs: ['b.example', 'gone.example'] });
    refused({ allocationPolicy: 'static', iotHubs: ['b.example', 'c.example'] });
    refused({ allocationPolicy: 'static' });
    refused({ allocationPolicy: 'custom' });
  });

  test('the URL of a webhook is checked when it is new, and a hub that is linked no more stays where it stood', () => {
    checked.length = 0;
    const present = settingsOf({ allocationPolicy: 'custom', iotHubs: ['gone.example'], webhook });
    check(present, present);
    assert.deepEqual(checked, []);
    check(settingsOf({ webhook }), defaultAllocation);
    assert.deepEqual(checked, [webhook.url.reveal()]);
    refused({ iotHubs: ['gone.example', 'other.example'] }, present);
  });
});

describe('the URL of a webhook as it is shown', () => {
  test('values of its query are hidden, and so is a query that is one word', () => {
    assert.equal(maskedUrl('https://h.example/a?code=s1&x=s2&code=s3'), 'https://h.example/a?code=***&x=***');
    assert.equal(maskedUrl('https://h.example/a?s1'), 'https://h.example/a?***');
    assert.equal(maskedUrl('https://h.example/a'), 'https://h.example/a');
  });

  test('sent back, it means the one that is kept; any other is a new one', () => {
    const known = 'https://h.example/a?code=s1';
    assert.equal(isMaskOf(maskedUrl(known), known), true);
    assert.equal(isMaskOf(known, known), false);
    assert.equal(isMaskOf('https://h.example/b?code=***', known), false);
    assert.equal(isMaskOf('nonsense', known), false);
  });
});
