import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { dayMs, hourMs, minuteMs } from '#base/instant.ts';
import type { ClockState } from '#server/clock/clock-control.ts';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';

async function clockOf(homeport: Awaited<ReturnType<typeof startHomeport>>, ...words: string[]): Promise<ClockState> {
  return JSON.parse(await homeport.ok('homeport', ['clock', ...words, '--json']));
}

test('a directory made for development has a clock that goes forward, survives restarts and kills, and says so', async (t) => {
  const homeport = await startHomeport(['--development']);
  t.after(() => homeport.close());
  const atFirst = await clockOf(homeport);
  assert.deepEqual([atFirst.isDevelopment, atFirst.aheadMs, atFirst.motion, atFirst.warning], [true, 0, 'still', undefined]);

  await t.test('it goes where it is sent, and others are warned', async () => {
    const later = await clockOf(homeport, 'advance', '30d');
    assert.ok(Math.abs(later.aheadMs - 30 * dayMs) < minuteMs, `${later.aheadMs}`);
    assert.match(later.warning ?? '', /refused/);
    const status = JSON.parse(await homeport.ok('homeport', ['status', '--json']));
    assert.ok(status.clock.aheadMs >= 30 * dayMs - minuteMs);
    assert.match(await homeport.ok('homeport', ['status']), /clock\.warning +The clock is moved/);
    const people = await homeport.run('homeport', ['clock']);
    assert.match(people.stdout, /ahead (30d|29d 23h)/);
    assert.match(people.stderr, /The clock is moved/);
  });

  await t.test('backwards, or by nothing, is refused and moves nothing', async () => {
    const before = await clockOf(homeport);
    const past = await homeport.run('homeport', ['clock', 'set', '2020-01-01']);
    assert.equal(past.code, 1);
    assert.match(past.stderr, /goes forward only: 2020-01-01T00:00:00\.000Z is not later/);
    for (const span of ['0d', '-3d', '3 days', 'd', '']) {
      const { code, stderr } = await homeport.run('homeport', ['clock', 'advance', '--', span]);
      assert.equal(code, 2, `${span}: ${stderr}`);
    }
    const nonsense = await homeport.run('homeport', ['clock', 'set', 'tomorrow']);
    assert.match(nonsense.stderr, /'tomorrow' is no instant such as/);
    const far = await homeport.run('homeport', ['clock', 'set', '2200-01-01']);
    assert.match(far.stderr, /at most a hundred years/);
    const after = await clockOf(homeport);
    assert.ok(Math.abs(after.aheadMs - before.aheadMs) < 1_000);
  });

  await t.test('a restart, and a kill, keep it; development need not be said again', async () => {
    const { aheadMs } = await clockOf(homeport);
    await homeport.stop();
    await homeport.restart([]);
    assert.ok(Math.abs((await clockOf(homeport)).aheadMs - aheadMs) < 1_000);
    assert.equal(homeport.status.clock?.isDevelopment, true);
    const moved = await clockOf(homeport, 'advance', '12h');
    await homeport.kill();
    await homeport.restart([]);
    assert.ok(Math.abs((await clockOf(homeport)).aheadMs - moved.aheadMs) < 1_000);
  });

  await t.test('the server’s own certificate stays on real time', async () => {
    const certificate = await serverCertificate(homeport.address, homeport.status.hub.mqttPort);
    assert.ok(Date.parse(certificate.validFrom) <= Date.now());
    // By the moved clock so little would be left of it that a start would make another.
    await clockOf(homeport, 'advance', '345d');
    await homeport.stop();
    await homeport.restart([]);
    const again = await serverCertificate(homeport.address, homeport.status.hub.mqttPort);
    assert.equal(again.fingerprint256, certificate.fingerprint256);
    // And clients that keep real time can still talk to it.
    assert.match(await homeport.ok('azsphere', ['login']), /./);
  });

  await t.test('it runs faster until it is there, and one motion at a time', async () => {
    const before = await clockOf(homeport);
    const until = new Date(Date.parse(before.now) + 10 * 24 * hourMs).toISOString();
    const running = await clockOf(homeport, 'run', '--speed', '20000', '--until', until);
    assert.deepEqual([running.motion, running.speed, running.until], ['running', 20_000, until]);
    const second = await homeport.run('homeport', ['clock', 'advance', '1h']);
    assert.equal(second.code, 6);
    assert.match(second.stderr, /moving already/);
    const stopped = await clockOf(homeport, 'stop');
    assert.equal(stopped.motion, 'still');
    const now = Date.parse(stopped.now);
    assert.ok(now > Date.parse(before.now) + minuteMs && now < Date.parse(until), stopped.now);
    await clockOf(homeport, 'run', '--speed', '10000000', '--until', until);
    for (;;) {
      const state = await clockOf(homeport);
      if (state.motion === 'still') {
        assert.ok(Date.parse(state.now) >= Date.parse(until) && Date.parse(state.now) < Date.parse(until) + minuteMs);
        break;
      }
    }
  });

  await t.test('killed while it runs, it is never earlier afterwards', async () => {
    await clockOf(homeport, 'run', '--speed', '200000');
    const first = await clockOf(homeport);
    const last = await clockOf(homeport);
    assert.ok(last.now > first.now, 'it runs');
    await homeport.kill();
    await homeport.restart([]);
    const after = await clockOf(homeport);
    assert.ok(after.now > last.now, `${after.now} is not later than ${last.now}`);
    assert.ok(Date.parse(after.now) < Date.parse(last.now) + 60 * dayMs, 'nor much later');
    assert.equal(after.motion, 'still');
  });

  await t.test('a token of a day ends with the clock’s day', async () => {
    const { central } = JSON.parse(await homeport.ok('homeport', ['status', '--json', '--secrets']));
    const ask = async () => {
      const headers = { authorization: central.apiToken };
      return (await askHttps(`${central.url}/api/devices?api-version=2022-07-31`, homeport.ca, { headers })).status;
    };
    assert.equal(await ask(), 200);
    await clockOf(homeport, 'advance', '25h');
    assert.equal(await ask(), 401);
  });

  await t.test('a file that says nothing is not taken for real time', async () => {
    await homeport.stop();
    const path = join(homeport.data, 'development.json');
    const content = readFileSync(path);
    writeFileSync(path, '{}', { mode: 0o600 });
    await assert.rejects(homeport.restart([]), /does not say how far the clock is ahead/);
    writeFileSync(path, content, { mode: 0o600 });
    await homeport.restart([]);
  });
});

test('a directory that was made without development keeps real time, and is no other afterwards', async (t) => {
  const homeport = await startHomeport();
  t.after(() => homeport.close());
  assert.equal(homeport.status.clock, undefined, 'time is real, as everywhere');
  for (const words of [
    ['advance', '1d'],
    ['set', '2100-01-01'],
    ['run', '--speed', '10'],
  ]) {
    const { code, stderr } = await homeport.run('homeport', ['clock', ...words]);
    assert.equal(code, 6);
    assert.match(stderr, /cannot be moved[\s\S]*homeport start --development/);
  }
  assert.match(await homeport.ok('homeport', ['clock']), /was not made for development/);
  await homeport.stop();
  await assert.rejects(homeport.restart(['--development']), /was not made for development/);
  await homeport.restart([]);
  assert.equal(homeport.status.clock, undefined);
});

function serverCertificate(host: string, port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else reject(new Error('there was no certificate'));
    });
    socket.once('error', reject);
  });
}
