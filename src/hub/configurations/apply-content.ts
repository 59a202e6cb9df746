import { quoteEtag } from '#base/etag.ts';
import { asProblem } from '#base/problem.ts';
import { diffAsPatch } from '#lang/merge-patch.ts';
import { identityName } from '../identity.ts';
import { systemModuleIds } from '../registry/module.ts';
import type { Modules } from '../registry/modules.ts';
import type { AlsoInTransaction, Twins } from '../twins/twins.ts';
import type { TwinContent } from './configuration.ts';
import { desiredAfter } from './configuration-content.ts';
import { configurationLimits } from './limits.ts';

type ContentRooms = {
  readonly twins: Pick<Twins, 'load' | 'patchOwned'>;
  readonly modules: Pick<Modules, 'list' | 'create' | 'delete'>;
};

/**
 * Writes a content to the desired properties of one identity; nothing changes, and no version rises, where they are
 * so already. Throws Problem `device-not-found`, `not-found` or `twin-invalid`.
 */
export async function applyTwinContent(
  { twins }: Pick<ContentRooms, 'twins'>,
  identity: string,
  content: TwinContent,
  also?: AlsoInTransaction,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const twin = await twins.load(identity);
    const desired = diffAsPatch(twin.desired, desiredAfter(twin.desired, content));
    try {
      await twins.patchOwned(identity, { desired }, quoteEtag(twin.etag), also);
      return;
    } catch (error) {
      if (attempt >= configurationLimits.attemptsMax || asProblem(error).code !== 'precondition-failed') throw error;
    }
  }
}

/**
 * Writes contents to the modules of an edge device, and makes those that are missing. With `isComplete` modules that
 * are not named go, but for the system's own. Throws as `applyTwinContent`.
 */
export async function applyModulesContent(
  rooms: ContentRooms,
  deviceId: string,
  contents: Readonly<Record<string, TwinContent>>,
  { isComplete }: { isComplete: boolean },
): Promise<void> {
  const present = new Set((await rooms.modules.list(deviceId)).map(({ moduleId }) => moduleId));
  for (const [moduleId, content] of Object.entries(contents)) {
    if (!present.has(moduleId)) {
      await rooms.modules.create({ deviceId, moduleId, managedBy: 'iotEdge', authentication: { type: 'sas' } });
    }
    await applyTwinContent(rooms, identityName({ deviceId, moduleId }), content);
  }
  if (!isComplete) return;
  for (const moduleId of present) {
    if (Object.hasOwn(contents, moduleId) || systemModuleIds.includes(moduleId)) continue;
    await rooms.modules.delete(deviceId, moduleId);
  }
}
