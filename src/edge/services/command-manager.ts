import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { runTool } from '../host/run-tool.ts';
import type { ServiceManager } from './service-manager.ts';

/** How one service manager is asked: an argument list for each verb, in which `{}` stands for the service (thin-edge.md 16.5). */
export type ServiceCommands = {
  readonly name: string;
  readonly isAvailable: readonly string[];
  /** Without it every name is taken for a service's. */
  readonly knows?: readonly string[];
  /** Without it, `restart`. */
  readonly start?: readonly string[];
  readonly restart: readonly string[];
  readonly stop: readonly string[];
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  readonly isActive: readonly string[];
};

export const systemdCommands: ServiceCommands = {
  name: 'systemd',
  isAvailable: ['systemctl', '--version'],
  knows: ['systemctl', 'cat', '{}.service'],
  start: ['systemctl', 'start', '{}'],
  restart: ['systemctl', 'restart', '{}'],
  stop: ['systemctl', 'stop', '{}'],
  enable: ['systemctl', 'enable', '{}'],
  disable: ['systemctl', 'disable', '{}'],
  isActive: ['systemctl', 'is-active', '{}'],
};

/** Whether the manager answers at all. */
export async function isAvailable(clock: Clock, { isAvailable: words }: ServiceCommands): Promise<boolean> {
  try {
    return (await runTool(clock, words)).code === 0;
  } catch {
    return false;
  }
}

/** A service manager that is asked by commands. */
export function commandManager(clock: Clock, commands: ServiceCommands): ServiceManager {
  const ask = (words: readonly string[], service: string) =>
    runTool(
      clock,
      words.map((word) => word.replaceAll('{}', service)),
    );
  const order = (words: readonly string[]) => async (service: string) => {
    const { code, said } = await ask(words, service);
    if (code === 0) return;
    const command = words.join(' ').replaceAll('{}', service);
    throw new Problem('unavailable', `'${command}' ended with ${code}${said ? `:\n${said}` : '.'}`);
  };
  return {
    name: commands.name,
    startsOnBoot: true,
    knows: async (service) => !commands.knows || (await ask(commands.knows, service)).code === 0,
    start: order(commands.start ?? commands.restart),
    restart: order(commands.restart),
    stop: order(commands.stop),
    enable: order(commands.enable),
    disable: order(commands.disable),
    isActive: async (service) => (await ask(commands.isActive, service)).code === 0,
  };
}
