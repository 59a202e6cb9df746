import { openLog } from '#base/log.ts';
import type { MemoryDirectory } from '#server/memory-directory.ts';
import type { Command } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import { describeStart } from './describe-start.ts';
import { jsonOption } from './json-output.ts';
import { configOption, loadSettings } from './load-settings.ts';

export const startCommand: Command = {
  options: [
    { name: 'listen', value: 'ADDRESS', summary: 'Address to listen on (default 127.0.0.1)' },
    {
      name: 'host-name',
      value: 'NAME',
      isRepeatable: true,
      summary: 'A name clients use for this server; the first is the hub’s',
    },
    { name: 'development', summary: 'Make a new data directory one whose clock can be moved: homeport clock' },
    { name: 'in-memory', summary: 'Keep everything in memory, and nothing once it stops' },
    { name: 'demo', summary: 'Run a simulated Azure Sphere device that charts temperature and humidity' },
    configOption,
    jsonOption,
  ],
  examples: [
    'homeport start',
    'homeport start --data /srv/homeport --listen 127.0.0.2',
    'homeport start --listen 0.0.0.0 --host-name iot.example.org',
    'homeport start --data ./rehearsal --development',
    'homeport start --in-memory',
  ],
  notes: ['Stops on SIGTERM or SIGINT: connections are closed, what was acknowledged is on disk, exit code 0.'],
  async run(invocation) {
    const { options, terminal, platform } = invocation;
    const names = options.list('host-name');
    if (options.isSet('in-memory') && options.isSet('data')) {
      throw new CommandFailure('usage', '--in-memory makes a data directory of its own, and --data names one.');
    }
    const { data, values } = loadSettings(invocation, {
      'listeners.address': options.text('listen'),
      'listeners.hostNames': names.length > 0 ? [...names] : undefined,
      'demo.enabled': options.isSet('demo') ? true : undefined,
    });
    const { startServer } = await import('#server/build.ts');
    const { makeMemoryDirectory } = await import('#server/memory-directory.ts');
    const { builtWebDirectory } = await import('#server/static-files.ts');
    const { StartRefused } = await import('#server/start-refused.ts');
    const { surviveRejections } = await import('#server/survive-rejections.ts');
    // Databases, journals and sockets are made by libraries that do not ask which mode they should have.
    process.umask(0o077);
    const interrupted = Promise.withResolvers<string>();
    const cancel = terminal.onInterrupt((signal) => interrupted.resolve(signal));
    const log = openLog(values['log.level'] as 'info');
    surviveRejections(log);
    let server: Awaited<ReturnType<typeof startServer>>;
    let memory: MemoryDirectory | undefined;
    try {
      memory = options.isSet('in-memory') ? makeMemoryDirectory() : undefined;
      server = await startServer({
        platform: { ...platform, log },
        directory: memory?.directory ?? data.directory,
        settings: values,
        webDirectory: builtWebDirectory,
        isDevelopment: options.isSet('development'),
      });
    } catch (error) {
      await memory?.remove();
      if (!(error instanceof StartRefused)) throw error;
      throw new CommandFailure('failed', error.message, { ...reasonsOf(error), cause: error });
    }
    const status = await server.status({ withSecrets: false });
    if (options.isSet('json')) {
      for (const notice of server.notices) terminal.complain(notice);
      terminal.print(JSON.stringify(status));
    } else for (const line of describeStart(status, await server.createSignInLink(), server.notices)) terminal.print(line);
    const signal = await interrupted.promise;
    log.info('server.stopping', { signal });
    await server.stop();
    await memory?.remove();
    cancel();
  },
};

/** Without members that are there and undefined. */
function reasonsOf({ why, fix }: { why: string | undefined; fix: string | undefined }): { why?: string; fix?: string } {
  return { ...(why && { why }), ...(fix && { fix }) };
}
