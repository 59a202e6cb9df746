import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { describe, test } from 'node:test';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { checkLog, describeScale, describeStart, type KillScale, killUnderLoad, seconds } from './kill-load.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const full: KillScale = { kills: 50, devices: 60, inFlight: 10, messagesPerLife: 8_000 };
const scale: KillScale = isFullSize ? full : { kills: 2, devices: 8, inFlight: 6, messagesPerLife: 1_500 };
/** A start may take less than this, at full size alone: how long it takes beside other tests says nothing about it. */
const startMsMax = isFullSize ? 3_000 : Number.POSITIVE_INFINITY;

describe('kill -9 in the middle of a load', () => {
  test(`${scale.kills} times loses nothing acknowledged, keeps the order of each device, and charts each message once`, async (t) => {
    const home = await startHomeport();
    t.after(() => home.close());
    t.diagnostic(`scale: ${describeScale(scale)}${isFullSize ? `; a start must take less than ${seconds(startMsMax)}` : ''}`);
    if (!isFullSize) t.diagnostic(`npm run prove -- kill: ${describeScale(full)}`);
    const figures = await killUnderLoad(home, scale, (line) => t.diagnostic(line));
    const { acknowledged, unanswered, stored, charted, starts } = figures;
    t.diagnostic(
      `${acknowledged} messages acknowledged, ${unanswered} cut off and sent again, ${stored} stored, ${charted} points in the chart of one device`,
    );
    const slowestLast = starts.toSorted((a, b) => a.tookMs - b.tookMs);
    const [median, worst] = [slowestLast[starts.length >> 1], slowestLast.at(-1)];
    assert.ok(median && worst && starts.length === scale.kills);
    t.diagnostic(
      `${starts.length} starts after a kill: median ${describeStart(median)}, worst ${describeStart(worst)}; load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`,
    );
    assert.ok(worst.tookMs < startMsMax, `the start after kill ${starts.indexOf(worst) + 1} took ${describeStart(worst)}`);
    assert.ok(acknowledged >= scale.kills * scale.messagesPerLife);
    assert.ok(stored >= acknowledged);
  });

  test('the check notices what is lost and what is out of order', () => {
    const event = (n: number) => ({ deviceId: 'd', body: Buffer.from(`{"Temperature":${n}}`) }) as StoredEvent;
    const device = { deviceId: 'd', acknowledged: new Set([1, 2, 3]) };
    checkLog([device], [1, 2, 3].map(event));
    checkLog([device], [1, 2, 2, 3, 1, 3, 4].map(event));
    assert.throws(() => checkLog([device], [1, 2].map(event)), /acknowledged and not in the log/);
    assert.throws(() => checkLog([device], [1, 3, 2].map(event)), /3 came before 2/);
    assert.throws(() => checkLog([device], []), /not in the log/);
  });
});
