/**
 * `tedge run all` on a machine that a test restarts: by what a start of it is known stands in the file of the first argument, where the kernel has
 * its own.
 */
import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { startEdge } from '#edge/run/start-edge.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { TedgeSettings } from '#edge/settings/tedge-settings.ts';

const [bootIdPath = ''] = process.argv.slice(2);
const log = openLog('info');
const directory = process.env.TEDGE_CONFIG_DIR ?? '/etc/tedge';
const settings = new TedgeSettings(directory, await SettingsFile.load(directory), process.env);
await startEdge({ clock: systemClock, random: systemRandom, log }, settings, { pid: process.pid, bootIdPath });
log.info('edge.started');
