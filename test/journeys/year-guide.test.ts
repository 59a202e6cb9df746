import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClockState } from '#server/clock/clock-control.ts';
import { openCentralClient, trustTenant } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { askHttps } from '#test/support/https-client.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

const lines = blocksOf('sh', 'live-through-a-year.md').flatMap((block) => block.split('\n'));

describe('the guide to a year in a minute', () => {
  test('its commands do what it says; a simulated board follows the clock, and the demo device misses no day', async (t) => {
    const home = await startHomeport(['--development', '--demo']);
    t.after(() => home.close());
    const type = (line: string) => {
      assert.ok(lines.includes(line), `the guide does not have: ${line}`);
      return typed(home, line);
    };
    const clock = async () => JSON.parse(await home.ok('homeport', ['clock', '--json'])) as ClockState;
    const central = await openCentralClient(home);
    await trustTenant(home, central);
    const board = new SimulateProcess(home, ['--app', 'd1']);
    t.after(() => board.end('SIGKILL'));
    const boardId = await board.deviceId();
    await home.ok('azsphere', ['device', 'claim', '--yes']);
    await board.says(/Connected to hub/);

    assert.match(await type('homeport clock'), /ahead not at all/);
    const rehearsed = await home.run('homeport', ['rehearse', '--until', '2027-12-01']);
    assert.match(rehearsed.stderr, /No device drops until 2027-12-01/);
    await type('homeport rehearse --until 2027-12-01');

    const before = board.log.length;
    assert.match(await type('homeport clock advance 30d'), /ahead (30d|29d 23h)/, 'less what the way took');
    const thirty = Date.parse((await clock()).now);
    const isBack = () => {
      const said = board.log.slice(before);
      const ends = [...said.matchAll(/good until (\S+)\.$/gm)].map(([, text = '']) => Date.parse(text));
      return ends.some((end) => end > thirty) && /Connected to hub/.test(said);
    };
    await eventually(async () => {
      if (isBack()) return true;
      // What it waits before it tries again passes by the clock, too.
      await home.ok('homeport', ['clock', 'advance', '30s']);
      return undefined;
    }, 60_000).catch(() => assert.fail(board.log.slice(before)));
    await board.end();

    await type('homeport clock run --speed 525600');
    await eventually(async () => (Date.parse((await clock()).now) > thirty + 20 * 86_400_000 ? true : undefined), 60_000);
    await type('homeport clock stop');
    const stopped = await clock();
    assert.equal(stopped.motion, 'still');
    const { apiToken } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])).central;
    const answer = await askHttps(`${home.status.central.url}/api/devices?api-version=2022-07-31`, home.ca, {
      headers: { authorization: apiToken },
    });
    const { value } = JSON.parse(answer.text) as { value: { id: string }[] };
    const demo = value.find(({ id }) => /^[0-9a-f]{128}$/.test(id) && id !== boardId);
    assert.ok(demo, answer.text);
    assert.equal(await home.ok('homeport', ['refusals', '--service', 'sphere', '--subject', demo.id]), '');
  });
});
