import { join } from 'node:path';
import { openLog } from '#base/log.ts';
import { SettingsError } from '#base/settings.ts';
import type { Command } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import { describeStart } from './describe-start.ts';
import { jsonOption } from './json-output.ts';
import { configOption, loadSettings } from './load-settings.ts';

/** Built by `npm run build`; part of the package. */
const webDirectory = join(import.meta.dirname, '../../../web/dist');

export const startCommand: Command = {
  options: [
    { name: 'listen', value: 'ADDRESS', summary: 'Address to listen on (default 127.0.0.1)' },
    {
      name: 'host-name',
      value: 'NAME',
      isRepeatable: true,
      summary: 'A name clients use for this server; the first is the hub’s',
    },
    { name: 'demo', summary: 'Run a simulated Azure Sphere device that charts temperature and humidity' },
    configOption,
    jsonOption,
  ],
  examples: [
    'homeport start',
    'homeport start --data /srv/homeport --listen 127.0.0.2',
    'homeport start --listen 0.0.0.0 --host-name iot.example.org',
  ],
  notes: ['Stops on SIGTERM or SIGINT: connections are closed, what was acknowledged is on disk, exit code 0.'],
  async run(invocation) {
    const { options, terminal, platform } = invocation;
    const names = options.list('host-name');
    const { data, values } = loadSettings(invocation, {
      'listeners.address': options.text('listen'),
      'listeners.hostNames': names.length > 0 ? [...names] : undefined,
      'demo.enabled': options.isSet('demo') ? true : undefined,
    });
    const { startServer } = await import('#server/build.ts');
    const { DirectoryInUse } = await import('#server/data-directory-lock.ts');
    const { DirectoryTooWide } = await import('#server/data-directory-check.ts');
    const interrupted = Promise.withResolvers<string>();
    const cancel = terminal.onInterrupt((signal) => interrupted.resolve(signal));
    const log = openLog(values['log.level'] as 'info');
    let server: Awaited<ReturnType<typeof startServer>>;
    try {
      server = await startServer({ platform: { ...platform, log }, directory: data.directory, settings: values, webDirectory });
    } catch (error) {
      if (error instanceof DirectoryInUse || error instanceof DirectoryTooWide || error instanceof SettingsError) {
        const [what = '', why, fix] = error.message.split('\n');
        throw new CommandFailure('failed', what, { ...(why && { why }), ...(fix && { fix }) });
      }
      throw portFailure(error) ?? error;
    }
    if (options.isSet('json')) terminal.print(JSON.stringify(await server.status({ withSecrets: false })));
    else
      for (const line of describeStart(
        await server.status({ withSecrets: false }),
        await server.createSignInLink(),
        server.notices,
      ))
        terminal.print(line);
    const signal = await interrupted.promise;
    log.info('server.stopping', { signal });
    await server.stop();
    cancel();
  },
};

/** A port that may not be had, in words; the system's own are for programmers. */
function portFailure(error: unknown): CommandFailure | undefined {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (port === undefined || port < 0) return undefined;
  if (code === 'EADDRINUSE') {
    return new CommandFailure('failed', `Port ${port} on ${address} is taken.`, {
      why: 'Another program listens there.',
      fix: `ss -ltnp 'sport = :${port}' shows which; or give this one an address of its own: --listen 127.0.0.2`,
    });
  }
  if (code === 'EADDRNOTAVAIL')
    return new CommandFailure('failed', `${address} is not an address of this machine.`, { fix: 'ip address' });
  if (code !== 'EACCES') return undefined;
  return new CommandFailure('failed', `Port ${port} may not be bound.`, {
    fix: `sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
  });
}
