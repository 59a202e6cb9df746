/**
 * `tedge run all` on a clock that is ahead by the milliseconds of its first argument, and that a line on standard input
 * moves on by as many. The second argument is the limit of its outbox in bytes.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '#base/clock.ts';
import { plus } from '#base/instant.ts';
import { openLog } from '#base/log.ts';
import { MovableClock } from '#base/movable-clock.ts';
import { systemRandom } from '#base/random.ts';
import { startEdge } from '#edge/run/start-edge.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { TedgeSettings } from '#edge/settings/tedge-settings.ts';

const [offsetMs = 0, bytesMax = 0] = process.argv.slice(2).map(Number);
const clock = new MovableClock(systemClock, { offsetMs, keep: async () => {} });
const log = openLog('info');
const directory = process.env.TEDGE_CONFIG_DIR ?? '/etc/tedge';
const settings = new TedgeSettings(directory, await SettingsFile.load(directory), process.env);
const edge = await startEdge({ clock, random: systemRandom, log }, settings, { pid: process.pid, outboxLimits: { bytesMax } });
process.once('SIGTERM', async () => {
  await edge.stop();
  process.exit();
});
log.info('edge.started');
for await (const line of createInterface({ input: process.stdin })) await clock.moveTo(plus(clock.now(), Number(line)));
