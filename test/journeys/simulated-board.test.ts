import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CalendarClock, type Clock, systemClock } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import type { RawRow } from '#central/contract/ui-data.ts';
import type { DeviceRow } from '#central/contract/ui-devices.ts';
import { runSphereSimulator } from '#devices/run-sphere-simulator.ts';
import type { SimulatorEvent } from '#devices/simulator-event.ts';
import { type CentralClient, openCentralClient, trustTenant } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('simulated boards, from claim to chart', () => {
  let home: RunningHomeport;
  let central: CentralClient;
  const boards: SimulateProcess[] = [];

  before(async () => {
    home = await startHomeport();
    central = await openCentralClient(home);
    await trustTenant(home, central);
  });
  after(async () => {
    await Promise.all(boards.map((board) => board.end('SIGKILL')));
    await home?.close();
  });

  async function startBoard(name: string, words: readonly string[]): Promise<{ board: SimulateProcess; deviceId: string }> {
    const board = new SimulateProcess(home, ['--name', name, ...words]);
    boards.push(board);
    const deviceId = await board.deviceId();
    await home.ok('azsphere', ['device', 'claim', '--yes', '--device', deviceId]);
    await board.says(/Connected to hub/);
    return { board, deviceId };
  }

  const rowOf = async (deviceId: string): Promise<DeviceRow | undefined> => {
    const { value } = (await central.ok('GET', '/api/ui/devices')) as unknown as { value: DeviceRow[] };
    return value.find(({ id }) => id === deviceId);
  };
  const rawOf = async (deviceId: string): Promise<RawRow[]> =>
    ((await central.ok('GET', `/api/ui/devices/${deviceId}/raw?limit=200`)) as unknown as { value: RawRow[] }).value;

  test('sphere 42, 93, 94, 97: D1 enrols itself, starts silent, obeys its property and its command', async () => {
    const { board, deviceId } = await startBoard('thermometer', ['--app', 'd1', '--fast', '5']);
    const row = await eventually(async () => {
      const found = await rowOf(deviceId);
      return found?.template ? found : undefined;
    });
    assert.equal(row.status, 'Provisioned');
    assert.equal(row.template?.displayName, 'Azure Sphere Example Thermometer');
    await board.says(/Telemetry upload disabled/);
    assert.ok((await rawOf(deviceId)).every(({ body }) => !body.includes('temperature"')));

    const properties = `/api/devices/${deviceId}/properties`;
    await central.ok('PATCH', properties, { thermometerTelemetryUploadEnabled: true });
    await board.says(/"value":true,"ac":200,"av":\d+/);
    const measured = await eventually(async () => (await rawOf(deviceId)).find(({ modeled }) => 'temperature' in modeled));
    assert.match(measured.body, /^\{"temperature":\d[\d.]*\}$/);
    assert.match(JSON.stringify(measured.properties), /iothub-creation-time-utc/);
    assert.equal((await central.ok('GET', properties)).serialNumber, 'TEMPMON-01234');

    const answer = await central.ok('POST', `/api/devices/${deviceId}/commands/displayAlert`, { request: 'Too hot' });
    assert.equal(answer.responseCode, 200);
    assert.equal(answer.response, 'Alert message displayed successfully.');
    await board.says(/ALERT: "Too hot"/);

    board.press('b');
    await eventually(async () => (await rawOf(deviceId)).find(({ modeled }) => 'thermometerMoved' in modeled));
    board.press('a');
    await board.says(/"value":false,"ac":203,"av":0/);
    await eventually(async () =>
      (await central.ok('GET', properties)).thermometerTelemetryUploadEnabled === false ? true : undefined,
    );
    assert.equal(await board.end(), 0);
  });

  test('sphere 98: the two messages of a D4 cycle arrive apart, with their values as strings', async () => {
    const { board, deviceId } = await startBoard('porch', ['--app', 'd4', '--fast', '5', '--seed', '7']);
    const bodies = await eventually(async () => {
      const found = (await rawOf(deviceId)).map(({ body }) => body);
      return found.some((body) => body.includes('Temperature')) && found.some((body) => body.includes('Humidity'))
        ? found
        : undefined;
    });
    assert.ok(bodies.some((body) => /^\{ "Temperature": "\d+\.\d\d" \}$/.test(body)));
    assert.ok(bodies.some((body) => /^\{ "Humidity": "\d+\.\d\d" \}$/.test(body)));
    assert.equal(await board.end(), 0);
  });

  test('sphere 55: a renewed certificate is refused by the hub, and the device registers again by itself', async () => {
    const events: SimulatorEvent[] = [];
    const { status } = home;
    const devices = join(home.data, 'devices');
    const simulator = await runSphereSimulator({
      platform: { clock: soonRenewed(systemClock), random: systemRandom, log: silentLog },
      application: 'd4',
      keyStoreDirectory: join(devices, 'renewing'),
      socketDirectory: devices,
      sphereUrl: status.sphere.url,
      connection: { type: 'dps', host: status.dps.hostName, port: status.dps.mqttPort, idScope: status.dps.idScope },
      hubPort: status.hub.mqttPort,
      ca: home.ca,
      speed: 30,
      onEvent: (event) => events.push(event),
    });
    const count = (type: SimulatorEvent['type']) => events.filter((event) => event.type === type).length;
    try {
      await home.ok('azsphere', ['device', 'claim', '--yes', '--device', simulator.deviceId]);
      await eventually(() => (count('acknowledged') > 0 && count('certificate') === 2 ? true : undefined));
      assert.equal(count('registered'), 1);
      // Whatever ends the session: the device comes back with the certificate that the hub does not know.
      await home.kill();
      await home.restart();
      await eventually(() => (count('connection-refused') > 0 ? true : undefined), 40_000);
      const before = count('acknowledged');
      await eventually(() => (count('registered') === 2 && count('acknowledged') > before ? true : undefined), 40_000);
    } finally {
      await simulator.stop();
    }
  });
});

/** The real clock, but the first wait of many minutes is over at once: the renewal. */
function soonRenewed(clock: CalendarClock): Clock {
  let isFirst = true;
  const calendar: CalendarClock = {
    ...clock,
    after(ms, run) {
      if (!isFirst || ms < 5 * minuteMs) return clock.after(ms, run);
      isFirst = false;
      return clock.after(100, run);
    },
    get calendar() {
      return calendar;
    },
  };
  return { ...clock, calendar };
}
