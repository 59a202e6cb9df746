import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { mistyped, typed } from '#test/support/typed.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

describe('homeport faults, as it is typed', () => {
  let home: RunningHomeport;
  let key: Buffer;
  before(async () => {
    home = await startHomeport([], { HOMEPORT_HUB__FAULTS: 'rules' });
    const line = 'homeport hub device create -d dev1 --auth-method shared_private_key --secrets';
    key = Buffer.from(/SharedAccessKey=(\S+)/.exec(await typed(home, line))?.[1] ?? '', 'base64');
  });
  afterEach(() => home.ok('homeport', ['faults', 'clear']));
  after(() => home?.close());

  function send() {
    const { hostName, httpsPort } = home.status.hub;
    const expirySeconds = Math.ceil(Date.now() / 1000) + 600;
    const authorization = formatSasToken({ resource: `${hostName}/devices/dev1`, key, expirySeconds });
    const url = `https://${home.address}:${httpsPort}/devices/dev1/messages/events?api-version=2021-04-12`;
    return askHttps(url, home.ca, { method: 'POST', headers: { authorization }, body: '{}' });
  }

  test('rules are added, listed, counted by homeport status, removed one by one and all at once', async () => {
    const added = await typed(home, 'homeport faults add latency --device-id dev1 --ms 20 --for 10m');
    const [, id = ''] = /^(f\d+): latency 20 ms for dev1, until \S+Z\.$/m.exec(added) ?? [];
    assert.match(
      await typed(home, 'homeport faults add kill --percent 10 --every 30s --protocol mqtt'),
      /^f\d+: kill every 30 s for 10 % of the devices over mqtt, until it is removed or the server stops\.$/m,
    );
    const rows = (await typed(home, 'homeport faults list')).trim().split('\n');
    assert.equal(rows.length, 2);
    assert.match(rows[0] ?? '', new RegExp(`^${id}\tlatency 20 ms\tdev1\tall\t\\S+Z$`));
    assert.match(rows[1] ?? '', /^f\d+\tkill every 30 s\t10 % of the devices\tmqtt\tremoved$/);
    assert.match(await typed(home, 'homeport status'), /^hub\.faults\.rules +2$/m);
    assert.match(await typed(home, 'homeport status'), /^hub\.faults\.allowed +rules$/m);
    assert.match(await typed(home, `homeport faults remove ${id}`), new RegExp(`^${id} is over\\.$`, 'm'));
    const json = JSON.parse(await typed(home, 'homeport faults add drop --all --json')) as JsonObject;
    assert.deepEqual([json.target, json.effect], [{ kind: 'all' }, { kind: 'drop' }]);
    assert.equal((JSON.parse(await typed(home, 'homeport faults list --json')) as unknown[]).length, 2);
    assert.match(await typed(home, 'homeport faults clear'), /^2 faults are over\.$/m);
    assert.match(await typed(home, 'homeport faults clear'), /^0 faults are over\.$/m);
    const { stderr } = await home.run('homeport', ['faults', 'list']);
    assert.match(stderr, /Nothing goes wrong on purpose/);
  });

  test('killing once says how many connections it cut, and is not listed', async () => {
    assert.match(await typed(home, 'homeport faults add kill --all'), /^Cut 0 connections\.$/m);
    assert.deepEqual(JSON.parse(await typed(home, 'homeport faults list --json')), []);
  });

  test('over HTTPS the rules hold too: late, throttled, refused, and cut off', async () => {
    assert.equal((await send()).status, 204);
    await typed(home, 'homeport faults add latency -d dev1 --ms 300 --protocol https');
    const began = performance.now();
    assert.equal((await send()).status, 204);
    assert.ok(performance.now() - began >= 300);
    await typed(home, 'homeport faults add throttle -d dev1');
    const { status, headers } = await send();
    assert.deepEqual([status, headers['retry-after']], [429, '1']);
    await typed(home, 'homeport faults clear');
    await typed(home, 'homeport faults add refuse --percent 100 --protocol https');
    assert.equal((await send()).status, 401);
    const [refusal] = JSON.parse(await typed(home, 'homeport refusals --subject dev1 --json')) as JsonObject[];
    assert.equal(refusal?.reason, 'fault-injected');
    await typed(home, 'homeport faults clear');
    await typed(home, 'homeport faults add drop -d dev1');
    await assert.rejects(send(), { code: 'ECONNRESET' });
    await typed(home, 'homeport faults add drop --all --protocol amqp');
    await typed(home, 'homeport faults clear');
    assert.equal((await send()).status, 204);
  });

  const wrong: [line: string, code: number, says: RegExp][] = [
    ['homeport faults add', 2, /WHAT/],
    ['homeport faults add explode --all', 2, /latency, drop, kill, throttle and refuse are known/],
    ['homeport faults add drop', 2, /Nobody is named/],
    ['homeport faults add drop --all -d dev1', 2, /More than one target/],
    ['homeport faults add drop --percent 10 --module-id m', 2, /--module-id needs --device-id/],
    ['homeport faults add drop --percent 0', 2, /from 1 to 100/],
    ['homeport faults add drop -d nobody', 5, /no device nobody/],
    ['homeport faults add drop -d dev1 --module-id nobody', 5, /no module nobody/],
    ['homeport faults add drop --all --protocol coap', 2, /mqtt, amqp and https are known/],
    ['homeport faults add drop --all --for soon', 2, /'soon' is no span of time/],
    ['homeport faults add drop --all --for 99w', 1, /durationMs/],
    ['homeport faults add drop --all --ms 5', 2, /--ms goes with latency alone/],
    ['homeport faults add drop --all --every 5s', 2, /--every goes with kill alone/],
    ['homeport faults add latency --all', 2, /--ms is missing/],
    ['homeport faults add kill --all --protocol https', 1, /no connection that could be killed/],
    ['homeport faults add kill --all --for 10m', 1, /Say how often/],
    ['homeport faults remove f999', 5, /no rule f999/],
  ];
  for (const [line, code, says] of wrong) {
    test(`${line} ends with ${code} and says why`, async () => {
      const { stdout, stderr, ...result } = await mistyped(home, line);
      assert.equal(result.code, code, stdout + stderr);
      assert.match(stdout + stderr, says);
      assert.doesNotMatch(stdout + stderr, /^\s+at |node:internal/m);
    });
  }
});

test('where faults are off every command says so, and homeport status is silent about them', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  for (const line of [
    'homeport faults add drop --all',
    'homeport faults list',
    'homeport faults remove f1',
    'homeport faults clear',
  ]) {
    const { code, stderr } = await mistyped(home, line);
    assert.match(stderr, /Faults are off/, line);
    assert.notEqual(code, 0);
  }
  assert.doesNotMatch(await typed(home, 'homeport status'), /faults/);
});
