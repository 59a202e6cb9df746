import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import device from 'azure-iot-device';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { type DeviceMessage, sdkTransports, type TransportName } from '#test/support/sdk-column.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { openWire } from '#test/support/wire-device.ts';

const run = promisify(execFile);
const hubName = 'hub.example';

describe('messages to the inputs of modules, by ModuleClient of npm and by clients that are nobody’s SDK', () => {
  let bench: ServiceBench;
  let registry: iothub.Registry;
  let made = 0;
  before(async () => {
    bench = await openServiceBench(['--host-name', hubName]);
    makeKnown(hubName, bench.home.address);
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  });
  after(() => bench?.close());

  async function newModule() {
    const deviceId = `inputs-${++made}`;
    await registry.create({ deviceId });
    const { responseBody } = await registry.addModule({ deviceId, moduleId: 'm' });
    const key: string = responseBody.authentication.symmetricKey.primaryKey;
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    return {
      deviceId,
      key,
      own: `devices/${deviceId}/modules/m`,
      token: (spelling: string) =>
        hubSpellings[spelling]?.({ resource: `${hubName}/devices/${deviceId}/modules/m`, key, expirySeconds }) ?? '',
      send: (input: string, body: string) =>
        bench.sendMessage(deviceId, body, { 'iothub-app-unit': 'C' }, `modules/m/inputs/${input}`),
    };
  }

  for (const name of ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs'] as const satisfies readonly TransportName[]) {
    test(`hub 66: over ${name} on('inputMessage') gets what waited and what comes, with the input's name`, async (t) => {
      const { deviceId, key, send } = await newModule();
      await send('in1', 'waited');
      const text = `HostName=${hubName};DeviceId=${deviceId};ModuleId=m;SharedAccessKey=${key}`;
      const module = device.ModuleClient.fromConnectionString(text, sdkTransports[name]);
      t.after(() => module.close().catch(() => {}));
      await module.setOptions({ ca: bench.home.ca });
      await module.open();
      const got: [input: string, message: DeviceMessage][] = [];
      module.on('inputMessage', (input: string, message: DeviceMessage) => got.push([input, message]));
      const next = async () => {
        const [input, message] = await eventually(() => got.shift());
        // Over MQTT the SDK has acknowledged it already, and this call does nothing.
        await module.complete(message);
        return [input, message.getData().toString(), message.properties.getValue('unit')];
      };
      assert.deepEqual(await next(), ['in1', 'waited', 'C']);
      await send('in2', 'comes');
      assert.deepEqual(await next(), ['in2', 'comes', 'C']);
    });
  }

  test('hub 66: C, which asks for all that is the module’s in one packet, gets the topic that it matches on', async () => {
    const { deviceId, own, token, send } = await newModule();
    const wire = await openWire({ host: bench.home.address, port: bench.home.status.hub.mqttPort, ca: bench.home.ca });
    const code = await wire.connect({
      clientId: `${deviceId}/m`,
      userName: `${hubName}/${deviceId}/m/?api-version=2020-09-30&DeviceClientType=iothubclient%2f1.3.8`,
      password: Buffer.from(token('C')),
      keepAliveSeconds: 240,
      cleanSession: false,
    });
    assert.equal(code, 0);
    assert.deepEqual(await wire.subscribe([`${own}/#`, 1], ['$iothub/twin/res/#', 0], ['$iothub/methods/POST/#', 0]), [1, 0, 0]);
    await send('in1', '21.5');
    const to = encodeURIComponent(`/devices/${deviceId}/modules/m/inputs/in1`);
    const { topic, body, qos } = await wire.message();
    assert.match(topic, new RegExp(`^${own}/inputs/in1/%24\\.to=${to}&%24\\.ct=[^&]+&unit=C$`));
    assert.deepEqual([body, qos], ['21.5', 1]);
    wire.disconnect();
  });

  test('hub 66: mosquitto_sub of Debian gets it under the filter of Python’s and Node’s modules', async () => {
    const { deviceId, own, token, send } = await newModule();
    await send('in1', '21.5');
    const { hub, ca } = bench.home.status;
    const place = ['-h', bench.home.address, '-p', String(hub.mqttPort), '-V', 'mqttv311', '--cafile', ca, '--insecure'];
    const who = ['-i', `${deviceId}/m`, '-u', `${hubName}/${deviceId}/m/?api-version=2019-10-01`, '-P', token('Python')];
    const what = ['-t', `${own}/inputs/#`, '-q', '1', '-C', '1', '-W', '30', '-F', '%t %p'];
    const { stdout } = await run('mosquitto_sub', [...place, ...who, ...what]);
    assert.match(stdout, new RegExp(`^${own}/inputs/in1/%24\\.to=\\S+&unit=C 21\\.5\\n$`));
  });

  test('hub 66: Qpid Proton of Debian gets it on the link of inputs, with the input as annotation', async () => {
    const { deviceId, token, send } = await newModule();
    await send('in1', '21.5');
    const options = {
      host: bench.home.address,
      port: bench.home.status.hub.amqpPort,
      hub: hubName,
      ca: bench.home.status.ca,
      deviceId,
      user: `${deviceId}/modules/m@sas.${hubName.split('.')[0]}`,
      token: token('Python'),
    };
    // Debian's own interpreter: another one on the PATH would not find Debian's package.
    const script = join(import.meta.dirname, 'proton-module.py');
    const { stdout } = await run('/usr/bin/python3', [script, JSON.stringify(options)], { timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), [['in1', `/devices/${deviceId}/modules/m/inputs/in1`, '21.5']]);
  });
});
