/**
 * Goal: what back ends do with a hub, a person does with `homeport hub …`.
 * Method: run the commands as they are typed against a running server, with the published device SDK signed in by the connection string
 * that one of them prints.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import type { JsonObject } from '#base/json.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { typedHere } from '#test/support/typed-here.ts';

const repository = join(import.meta.dirname, '../..');

describe('homeport hub, as it is typed', () => {
  let home: RunningHomeport;
  let client: device.Client;
  before(async () => {
    home = await startHomeport();
    await createDevice('dev1');
    client = await connect('dev1');
    client.onDeviceMethod('blink', (request, response) => void response.send(200, { did: request.payload }));
  });
  after(async () => {
    await client?.close();
    await home?.close();
  });
  const typed = async (line: string | string[]) => {
    const { code, stdout, stderr } = await typedHere(home, line);
    assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
    return stdout;
  };
  const json = async (line: string) => JSON.parse(await typed(`${line} --json`)) as JsonObject;
  const rowsOf = async (line: string) => JSON.parse(await typed(`${line} --json`)) as JsonObject[];
  const connect = async (id: string) => {
    const text = (await typed(`homeport hub connection-string -d ${id}`)).trim();
    const opened = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
    await opened.setOptions({ ca: home.ca });
    await opened.open();
    return opened;
  };
  const createDevice = (id: string) => typed(`homeport hub device create -d ${id} --auth-method shared_private_key`);

  test('a device is kept out with a reason, let in again, and signs in in another way', async () => {
    await createDevice('dev2');
    assert.equal(await typed('homeport hub device disable -d dev2 --reason lost'), 'Disabled dev2.\n');
    const [row] = await rowsOf('homeport hub device list').then((rows) => rows.filter(({ deviceId }) => deviceId === 'dev2'));
    assert.deepEqual([row?.isEnabled, row?.statusReason], [false, 'lost']);
    assert.equal(await typed('homeport hub device enable -d dev2'), 'Enabled dev2.\n');
    assert.match(await typed('homeport hub device show -d dev2'), /^Enabled +yes$/m);
    const thumbprint = 'AB'.repeat(20);
    const line = `homeport hub device update -d dev2 --auth-method x509_thumbprint --primary-thumbprint ${thumbprint} --edge yes`;
    const changed = await json(line);
    assert.deepEqual(
      [changed.authentication, changed.capabilities],
      [{ x509Thumbprint: { primaryThumbprint: thumbprint, secondaryThumbprint: null }, type: 'selfSigned' }, { iotEdge: true }],
    );
    assert.equal(await typed('homeport hub connection-string -d dev2'), `HostName=${home.address};DeviceId=dev2;x509=true\n`);
  });

  test('keys are made anew, one or both, and are printed to who asks for secrets and to nobody else', async () => {
    await createDevice('dev3');
    const connection = async (which: string) => typed(`homeport hub connection-string -d dev3 --key ${which}`);
    const old = { primary: await connection('primary'), secondary: await connection('secondary') };
    assert.notEqual(old.primary, old.secondary);
    assert.equal(await typed('homeport hub keys renew -d dev3 --key secondary'), 'Renewed the secondary key of dev3.\n');
    assert.equal(await connection('primary'), old.primary);
    assert.notEqual(await connection('secondary'), old.secondary);
    const { primaryKey, secondaryKey } = await json('homeport hub keys renew -d dev3 --key both --secrets');
    assert.equal(await connection('primary'), `HostName=${home.address};DeviceId=dev3;SharedAccessKey=${primaryKey}\n`);
    assert.equal(await connection('secondary'), `HostName=${home.address};DeviceId=dev3;SharedAccessKey=${secondaryKey}\n`);
    assert.equal(home.log().includes(String(primaryKey)), false);
    const quiet = await json('homeport hub keys renew -d dev3 --key both');
    assert.deepEqual(quiet, { name: 'dev3', renewed: 'both' });
  });

  test('modules are made, shown, listed, given keys and deleted', async () => {
    assert.equal(await typed('homeport hub module create -d dev1 -m filter'), 'Created dev1/filter.\n');
    const shown = await json('homeport hub module show -d dev1 -m filter');
    assert.deepEqual((shown.authentication as JsonObject).symmetricKey, undefined);
    assert.match(await typed('homeport hub module show -d dev1 -m filter --secrets'), /^Primary key +\S{44}$/m);
    assert.deepEqual(await typed('homeport hub module list -d dev1'), 'filter\tDisconnected\tsas\n');
    const text = /^HostName=\S+;DeviceId=dev1;ModuleId=filter;SharedAccessKey=\S{44}$/m;
    assert.match(await typed('homeport hub connection-string -d dev1 -m filter'), text);
    assert.match(await typed('homeport hub keys renew -d dev1 -m filter --key primary'), /of dev1\/filter\.$/m);
    assert.equal(await typed('homeport hub module delete -d dev1 -m filter'), 'Deleted dev1/filter.\n');
    const { stderr } = await typedHere(home, 'homeport hub module list -d dev1');
    assert.match(stderr, /no modules.*\n?.*homeport hub module create -d dev1/);
  });

  test('a twin is shown, changed in part and as a whole, and not when its etag is another', async () => {
    await createDevice('dev4');
    const updated = await typed('homeport hub twin update -d dev4 --desired {"a":1,"b":2} --tags {"site":"hamburg"}');
    assert.match(updated, /^Updated the twin of dev4; it has version \d+\.$/m);
    const twin = await json('homeport hub twin update -d dev4 --desired {"b":null}');
    const desired = (value: JsonObject) => (value.properties as { desired: JsonObject }).desired;
    assert.deepEqual([desired(twin).a, desired(twin).b, twin.tags], [1, undefined, { site: 'hamburg' }]);
    const stale = await typedHere(home, 'homeport hub twin update -d dev4 --tags {"x":1} --etag AAAA');
    assert.deepEqual([stale.code, /PreconditionFailed/.test(stale.stderr)], [1, true], stale.stderr);
    assert.match(await typed('homeport hub twin replace -d dev4 --desired {"c":3}'), /^Replaced the twin of dev4;/m);
    const after = await json('homeport hub twin show -d dev4');
    assert.deepEqual([desired(after).a, desired(after).c, after.tags], [undefined, 3, {}]);
  });

  test('a method is called, and what the device answered is printed', async () => {
    assert.equal(
      await typed('homeport hub method invoke -d dev1 --name blink --payload {"times":3}'),
      'dev1 answered 200.\n{\n  "did": {\n    "times": 3\n  }\n}\n',
    );
    assert.deepEqual(await json('homeport hub method invoke -d dev1 -n blink --payload 7 --timeout 10'), {
      status: 200,
      payload: { did: 7 },
    });
  });

  test('a query prints a column for each member, page after page up to the number of rows that was asked for', async () => {
    const query = (text: string, ...words: string[]) => typedHere(home, ['hub', 'query', text, ...words]);
    for (const id of ['q1', 'q2', 'q3']) {
      await createDevice(id);
      await typed(`homeport hub twin update -d ${id} --tags {"site":"kiel"}`);
    }
    const found = await query("SELECT deviceId, tags.site AS site FROM devices WHERE tags.site = 'kiel'");
    assert.deepEqual(found.stdout.trim().split('\n').sort(), ['q1\tkiel', 'q2\tkiel', 'q3\tkiel']);
    const cut = await query("SELECT deviceId FROM devices WHERE tags.site = 'kiel'", '--top', '2', '--json');
    assert.equal((JSON.parse(cut.stdout) as unknown[]).length, 2);
    assert.match(cut.stderr, /more rows than 2: --top 20/);
    const whole = await query("SELECT * FROM devices WHERE deviceId = 'q1'");
    assert.match(whole.stdout, /^q1\tenabled\tDisconnected\t.*\{"site":"kiel"\}\t\{"desired":\{"\$version":1\}/m);
    assert.match((await query("SELECT * FROM devices WHERE deviceId = 'nobody'")).stderr, /^No row\.$/m);
    const wrong = await query('SELECT * FRUM devices');
    assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
    assert.match(wrong.stderr, /^error: .*FRUM/m);
  });

  test('policies are listed with their rights, their keys only when asked for, and lead to connection strings', async () => {
    const plain = await typed('homeport hub policy list');
    assert.match(plain, /^registryReadWrite\tRegistryRead, RegistryWrite$/m);
    const policies = await rowsOf('homeport hub policy list --secrets');
    const service = policies.find(({ name }) => name === 'service');
    assert.equal(plain.includes(String(service?.primaryKey)), false);
    const text = `HostName=${home.address};SharedAccessKeyName=service;SharedAccessKey=${service?.secondaryKey}\n`;
    assert.equal(await typed('homeport hub connection-string --policy service --key secondary'), text);
    const { connectionStrings, eventHubConnectionStrings } = JSON.parse(await typed('homeport status --json --secrets')).hub;
    assert.equal(await typed('homeport hub connection-string'), `${connectionStrings.iothubowner}\n`);
    assert.deepEqual(await json('homeport hub connection-string --events --policy service'), {
      connectionString: eventHubConnectionStrings.service,
    });
  });

  test('statistics count who is there', async () => {
    const { totalDeviceCount, connectedDeviceCount } = await json('homeport hub statistics');
    assert.ok(Number(totalDeviceCount) >= 1);
    assert.ok(Number(connectedDeviceCount) >= 1);
    assert.match(await typed('homeport hub statistics'), /^ {2}connected +[1-9]\d*$/m);
  });

  test('a job changes twins or calls a method, is listed and shown, and is cancelled before its time', async () => {
    await createDevice('dev5');
    const line = 'homeport hub job create -j j1 --condition deviceId=\'dev5\' --desired {"interval":30}';
    assert.match(await typed(line), /^Created j1\. It is (queued|running|completed)\.$/m);
    const ended = await eventually(async () => {
      const job = await json('homeport hub job show -j j1');
      return job.status === 'completed' ? job : undefined;
    });
    assert.equal((ended.deviceJobStatistics as JsonObject).succeededCount, 1);
    assert.match(await typed('homeport hub job show -j j1'), /^Devices +1 of 1 done$/m);
    const twin = await json('homeport hub twin show -d dev5');
    assert.equal((twin.properties as { desired: JsonObject }).desired.interval, 30);

    const later = await json("homeport hub job create --condition deviceId='dev1' --method blink --start 2099-01-01T00:00:00Z");
    const jobId = String(later.jobId);
    const listed = () => typed('homeport hub job list --kind method --status scheduled');
    await eventually(async () => ((await listed()).startsWith(`${jobId}\t`) ? true : undefined));
    assert.match(await typed(`homeport hub job cancel -j ${jobId}`), new RegExp(`^Cancelled ${jobId}: `));
    const again = await typedHere(home, `homeport hub job cancel -j ${jobId}`);
    assert.deepEqual([again.code, /OperationNotAllowedInCurrentState/.test(again.stderr)], [1, true], again.stderr);
    const taken = await typedHere(home, line);
    assert.equal(taken.code, 6, taken.stderr);
  });

  test('events are shown from the beginning, by device and source, as lines and as JSON', async () => {
    const message = new device.Message(JSON.stringify({ t: 21.5 }));
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('alert', 'no\u001b[31m');
    await createDevice('dev7');
    const sender = await connect('dev7');
    await sender.sendEvent(message);
    await sender.close();
    const line = 'homeport hub monitor-events -d dev7 --source Telemetry --count 1';
    const [event] = JSON.parse(`[${await typed(`${line} --from start --json`)}]`) as JsonObject[];
    assert.deepEqual([event?.deviceId, event?.source, event?.body], ['dev7', 'Telemetry', { t: 21.5 }]);
    const system = event?.systemProperties as JsonObject | undefined;
    assert.equal(system?.['iothub-connection-device-id'], 'dev7');
    const text = await typed(`${line} --from 1h`);
    assert.match(text, /^\S+Z\tdev7\tTelemetry\talert=no\\u\{1b\}\[31m\t\{"t":21\.5\}$/m);
    const lifecycle = await typed('homeport hub monitor-events -d dev7 --source deviceLifecycleEvents --from start --count 1');
    assert.match(lifecycle, /\tdev7\tdeviceLifecycleEvents\t/);
  });

  test('events are followed as they come until Ctrl-C, which ends the command with 0', async () => {
    const words = [join(repository, 'bin/homeport'), 'hub', 'monitor-events', '-d', 'dev1', '--source', 'Telemetry', '--json'];
    const monitor = spawn(process.execPath, words, { env: { ...process.env, HOMEPORT_DATA: home.data }, stdio: 'pipe' });
    const closed = once(monitor, 'close');
    const lines: JsonObject[] = [];
    createInterface({ input: monitor.stdout }).on('line', (line) => lines.push(JSON.parse(line) as JsonObject));
    // When it looks first is not seen from here: what is sent until something is shown is shown from some number on.
    let sent = 0;
    await eventually(async () => {
      sent += 1;
      await client.sendEvent(new device.Message(`n${sent}`));
      return lines.length > 0 ? true : undefined;
    });
    const first = Number(String(lines[0]?.body).slice(1));
    await eventually(() => (lines.length === sent - first + 1 ? true : undefined));
    assert.deepEqual(
      lines.map(({ body }) => body),
      Array.from({ length: sent - first + 1 }, (_, index) => `n${first + index}`),
    );
    monitor.kill('SIGINT');
    assert.deepEqual(await closed, [0, null]);
  });

  test('feedback is shown once and then done with', async () => {
    await createDevice('dev6');
    await typed('homeport hub c2d send -d dev6 --body hello --message-id m-1 --ack full');
    const path = '/devices/dev6/commands';
    const url = `/hubs/main/rest${path}?api-version=2021-04-12`;
    const purged = await requestHttp({ socketPath: join(home.data, 'admin.sock') }, { method: 'DELETE', path: url });
    assert.equal(purged.status, 200);
    const shown = await json('homeport hub monitor-feedback --count 1');
    assert.deepEqual([shown.originalMessageId, shown.deviceId, shown.statusCode], ['m-1', 'dev6', 'Purged']);
    const left = await requestHttp({ socketPath: join(home.data, 'admin.sock') }, { method: 'GET', path: '/hub/feedback' });
    assert.deepEqual(JSON.parse(left.body.toString()), { value: [] });
  });

  const wrong: [line: string, code: number, says: RegExp][] = [
    ['homeport hub device disable -d nobody', 5, /no device nobody[\s\S]*DeviceNotFound/],
    ['homeport hub device update -d dev1', 2, /Nothing to change/],
    ['homeport hub device update -d dev1 --primary-key AAAA', 2, /--primary-key needs --auth-method/],
    ['homeport hub device update -d dev1 --edge maybe', 2, /yes and no are known/],
    ['homeport hub device update -d dev1 --auth-method shared_private_key --primary-key short', 1, /base64 of 16 to 64 bytes/],
    ['homeport hub keys renew -d dev1 --key third', 2, /primary, secondary and both/],
    ['homeport hub keys renew -d nobody --key both', 5, /no device nobody/],
    ['homeport hub module show -d dev1 -m nobody', 5, /ModuleNotFound/],
    ['homeport hub module create -d dev1 -m $edgeHub', 1, /SystemModule/],
    ['homeport hub module create -d dev1', 2, /needs --module-id/],
    ['homeport hub twin show -d nobody', 5, /no device nobody/],
    ['homeport hub twin show -d dev1 --hub nowhere', 5, /no hub nowhere/],
    ['homeport hub twin update -d dev1', 2, /Nothing to change[\s\S]*--desired/],
    ['homeport hub twin update -d dev1 --desired 7', 2, /no JSON object/],
    ['homeport hub twin update -d dev1 --desired {', 2, /not valid JSON/],
    ['homeport hub twin update -d dev1 --desired @missing.json', 2, /missing\.json/],
    ['homeport hub method invoke -d nobody --name x', 5, /no device nobody/],
    ['homeport hub method invoke -d dev1 --name x --timeout 2', 2, /from 5 to 300/],
    ['homeport hub query', 2, /QUERY/],
    ['homeport hub connection-string --policy nothing', 5, /no policy nothing[\s\S]*homeport hub policy list/],
    ['homeport hub connection-string --policy device --events', 1, /may not read events/],
    ['homeport hub connection-string -d dev1 --policy service', 2, /nothing of a device/],
    ['homeport hub connection-string -m filter', 2, /needs --device-id/],
    ['homeport hub connection-string -d dev1 --key third', 2, /primary and secondary are known/],
    ['homeport hub job create --condition *', 2, /either calls a --method or changes/],
    ['homeport hub job create --condition * --tags {} --timeout 9', 2, /--timeout needs --method/],
    ['homeport hub job create --condition ( --tags {"a":1}', 1, /error: /],
    ['homeport hub job create --condition * --method x --start soon', 2, /an instant such as/],
    ['homeport hub job show -j nothing', 5, /JobNotFound/],
    ['homeport hub job list --status odd', 2, /queued, scheduled, running/],
    ['homeport hub monitor-events --from soon', 2, /start, an instant/],
    ['homeport hub monitor-events --hub nowhere', 5, /no hub nowhere/],
    ['homeport hub monitor-events --count 0', 2, /from 1 to/],
    ['homeport hub monitor-feedback --hub nowhere', 5, /no hub nowhere/],
  ];
  for (const [line, code, says] of wrong) {
    test(`${line} ends with ${code} and says why`, async () => {
      const { stdout, stderr, ...result } = await typedHere(home, line);
      assert.equal(result.code, code, stdout + stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stdout + stderr, /^\s+at |node:internal/m);
    });
  }
});
