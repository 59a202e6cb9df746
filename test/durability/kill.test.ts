import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { checkLog, killUnderLoad } from './kill-load.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const scale = isFullSize
  ? { kills: 10, devices: 40, inFlight: 10, messagesPerLife: 20_000 }
  : { kills: 2, devices: 8, inFlight: 6, messagesPerLife: 1_500 };

describe('kill -9 in the middle of a load', () => {
  test(`${scale.kills} times loses nothing acknowledged, keeps the order of each device, and charts each message once`, async (t) => {
    const home = await startHomeport();
    t.after(() => home.close());
    const figures = await killUnderLoad(home, scale, (line) => t.diagnostic(line));
    t.diagnostic(
      `kills ${scale.kills} of 10, messages ${figures.acknowledged} acknowledged, ${figures.unanswered} cut off and sent again, ${figures.stored} stored, ${figures.charted} points in the chart of one device`,
    );
    assert.ok(figures.acknowledged >= scale.kills * scale.messagesPerLife);
    assert.ok(figures.stored >= figures.acknowledged);
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
