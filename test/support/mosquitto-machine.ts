import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ownAddress } from './own-place.ts';
import type { CommandResult, RunningHomeport } from './start-homeport.ts';

const repository = join(import.meta.dirname, '../..');

/**
 * Does for three services what systemd does, with their real programs: waits until one that notifies is ready, and fails when it ends
 * before that.
 */
const systemctl = `#!/bin/bash
state=/run/standin verb=$1 name=\${2%.service}
unit=$state/units/$name.service
alive() { local pid; pid=$(cat $state/$name.pid 2>/dev/null) && [ "$(sed 's/.*) //; s/ .*//' /proc/$pid/stat 2>/dev/null || echo Z)" != Z ]; }
stop() { if alive; then kill $(cat $state/$name.pid); while alive; do sleep 0.02; done; fi; rm -f $state/$name.pid; }
start() {
  alive && return
  local log=$state/$name.log before
  before=$(cat $log 2>/dev/null | wc -c)
  setsid $(sed -n 's/^ExecStart=//p' $unit) < /dev/null >> $state/$name.out 2>&1 &
  echo $! > $state/$name.pid
  grep -q ^Type=notify $unit || return 0
  until tail -c +$((before + 1)) $log 2>/dev/null | grep -q 'running$'; do
    alive || { echo "Job for $name.service failed because the control process exited with error code." >&2; exit 1; }
    sleep 0.02
  done
}
[ $verb = --version ] && { echo 'systemd 252 (stand-in)'; exit; }
[ -e $unit ] || { echo "Unit $name.service could not be found." >&2; exit 5; }
case $verb in
  cat) cat $unit ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  enable) touch $state/$name.enabled ;;
  disable) rm -f $state/$name.enabled ;;
  is-active) alive ;;
  *) exit 1 ;;
esac
`;

export type MosquittoMachine = ReturnType<typeof openMosquittoMachine>;

/**
 * A device on which systemd and Debian's mosquitto run, seen through mounts of its own: /run, /etc/mosquitto and the programs are the
 * test's. systemd is a stand-in; mosquitto, the mapper, the agent and `tedge` are the real ones.
 */
export function openMosquittoMachine(t: { after(fn: () => unknown): void }, home: RunningHomeport, deviceId: string) {
  const folder = mkdtempSync(join(home.folder, 'machine-'));
  const address = ownAddress();
  const [etc, config, state] = [join(folder, 'etc-mosquitto'), join(folder, 'tedge'), join(folder, 'run/standin')];
  for (const directory of [etc, join(folder, 'bin'), join(folder, 'run/systemd/system'), join(state, 'units')]) {
    mkdirSync(directory, { recursive: true });
  }
  writeFileSync(join(folder, 'bin/systemctl'), systemctl);
  chmodSync(join(folder, 'bin/systemctl'), 0o755);
  const unit = (name: string, type: string, command: string) =>
    writeFileSync(join(state, 'units', `${name}.service`), `[Service]\nType=${type}\nExecStart=${command}\n`);
  unit('mosquitto', 'notify', 'mosquitto -c /etc/mosquitto/mosquitto.conf');
  unit('tedge-mapper', 'simple', `${process.execPath} ${join(repository, 'bin/tedge-mapper')} az`);
  unit('tedge-agent', 'simple', `${process.execPath} ${join(repository, 'bin/tedge-agent')}`);
  /** What an administrator has in mosquitto.conf; in a namespace of one user mosquitto can become no other. */
  const configureMosquitto = (...more: string[]) => {
    const own = [`include_dir ${config}/mosquitto-conf`, 'user root', 'log_dest file /run/standin/mosquitto.log'];
    writeFileSync(join(etc, 'mosquitto.conf'), `${[...own, ...more].join('\n')}\n`);
  };
  configureMosquitto();
  const environment = {
    PATH: [join(folder, 'bin'), join(repository, 'bin'), process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter),
    HOME: folder,
    TEDGE_CONFIG_DIR: config,
    TEDGE_MQTT_BRIDGE_BUILT_IN: 'false',
    TEDGE_MQTT_BIND_ADDRESS: address,
    TEDGE_MQTT_CLIENT_HOST: address,
  };
  const mounts = `mount --bind ${folder}/run /run && mount --bind ${etc} /etc/mosquitto && exec "$@"`;

  const machine = {
    deviceId,
    folder,
    config,
    /** Where mosquitto is the local broker. */
    url: `mqtt://${address}:1883`,
    address,
    configureMosquitto,
    /** As before its package was installed. */
    async removeUnit(name: string): Promise<void> {
      await machine.run(['systemctl', 'stop', name]);
      rmSync(join(state, 'units', `${name}.service`));
    },
    bridgeFile: join(config, 'mosquitto-conf/az-bridge.conf'),
    brokerFile: join(config, 'mosquitto-conf/tedge-mosquitto.conf'),
    isEnabled: (service: string) => existsSync(join(state, `${service}.enabled`)),
    log: () => readFileSync(join(state, 'mosquitto.log'), 'utf8'),
    /** A program on this machine. */
    run(words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
      const env = { ...environment, ...more };
      return new Promise((resolve) => {
        const inside = ['--mount', '--', 'bash', '-c', mounts, 'bash', ...words];
        execFile('unshare', inside, { env, timeout: 120_000 }, (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
        });
      });
    },
    tedge: (...words: string[]) => machine.run(['tedge', ...words]),
    async ok(...words: string[]): Promise<string> {
      const { code, stdout, stderr } = await machine.tedge(...words);
      if (code === 0) return stdout;
      throw new Error(`tedge ${words.join(' ')} ended with ${code}\n${stdout}${stderr}`);
    },
    isActive: async (service: string) => (await machine.run(['systemctl', 'is-active', service])).code === 0,
    /** The guide's first commands; resolves with the thumbprint that is printed. */
    async makeCertificate(): Promise<string> {
      await machine.ok('cert', 'create', '--device-id', deviceId);
      const thumbprint = /^Thumbprint: ([0-9A-F]{40})$/m.exec(await machine.ok('cert', 'show'))?.[1] ?? '';
      await machine.ok('config', 'set', 'az.url', `${home.address}:${home.status.hub.mqttPort}`);
      await machine.ok('config', 'set', 'az.root.cert.path', home.status.ca);
      return thumbprint;
    },
  };
  t.after(async () => {
    for (const service of ['mosquitto', 'tedge-mapper', 'tedge-agent']) await machine.run(['systemctl', 'stop', service]);
  });
  return machine;
}
