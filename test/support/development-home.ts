import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import type { JsonObject } from '#base/json.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { resolveSettings } from '#base/settings.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { startServer } from '#server/build.ts';
import { serverSettings } from '#server/config.ts';
import { ownAddress } from './own-place.ts';
import { type RunningHomeport, runCommand } from './start-homeport.ts';

/**
 * A server inside this process whose clock can be moved, and which commands find like any other. Devices that take
 * their time from `server.platform` live by the same clock, and who moves it waits for them.
 */
export async function startDevelopmentHome() {
  const root = mkdtempSync(join(tmpdir(), 'hp-'));
  const data = join(root, 'd');
  const folder = mkdtempSync(join(root, 'f-'));
  const address = ownAddress();
  const { values } = resolveSettings(serverSettings, { flags: { 'listeners.address': address } });
  process.umask(0o077);
  const server = await startServer({
    platform: { clock: systemClock, random: systemRandom, log: silentLog },
    directory: data,
    settings: values,
    webDirectory: folder,
    isDevelopment: true,
  });
  const status = await server.status({ withSecrets: true });
  const ca = readFileSync(status.ca, 'utf8');
  const run: RunningHomeport['run'] = (command, words, options = {}) =>
    runCommand(command, words, { directory: folder, ...options }, data);
  const home = {
    server,
    data,
    folder,
    address,
    status,
    ca,
    run,
    async ok(command: string, words: readonly string[]) {
      const { code, stdout, stderr } = await run(command, words);
      assert.equal(code, 0, `${command} ${words.join(' ')} ended with ${code}\n${stdout}${stderr}`);
      return stdout;
    },
    /** As the commands ask, through the administration socket. */
    async administer(method: 'GET' | 'POST' | 'PUT', path: string, json?: unknown): Promise<JsonObject> {
      const request = { method, path, ...(json === undefined ? {} : { json }) };
      const { status: answer, body } = await requestHttp({ socketPath: join(data, 'admin.sock') }, request);
      assert.ok(answer < 300, `${method} ${path} answered ${answer}: ${body}`);
      return body.length === 0 ? {} : JSON.parse(body.toString());
    },
    async close() {
      await server.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return home;
}

export type DevelopmentHome = Awaited<ReturnType<typeof startDevelopmentHome>>;
