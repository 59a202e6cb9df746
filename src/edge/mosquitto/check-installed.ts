import { Problem } from '#base/problem.ts';
import type { InstalledConf } from './installed-conf.ts';
import type { MosquittoFiles } from './mosquitto-files.ts';

/**
 * Refuses what would let mosquitto start without our files, or not at all. Said before anything is restarted: mosquitto
 * itself says it in its log only.
 */
export function checkInstalled(conf: InstalledConf, { directory }: MosquittoFiles, port: number): void {
  if (!conf.includeDirectories.includes(directory)) {
    throw new Problem(
      'conflict',
      `${conf.path} does not include ${directory}, where the bridge is written.\nRun: sed -i '1i include_dir ${directory}' ${conf.path}`,
    );
  }
  if (conf.listenerPorts.includes(port)) {
    throw new Problem(
      'conflict',
      `${conf.path} has a listener on port ${port} already, and mosquitto does not start with two.\nTake it out there, or choose another port with 'tedge config set mqtt.bind.port PORT'.`,
    );
  }
}
