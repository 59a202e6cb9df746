import type { AskedTwin } from '../contract/service-requests.ts';
import type { OwnedSections } from '../twins/twins.ts';

/** What a body says of tags and desired. Clients send back whole twins: what the service adds to a section is not theirs to write. */
export function ownedOf({ tags, properties }: AskedTwin): OwnedSections {
  const desired = properties?.desired;
  const own = (name: string) => name !== '$metadata' && name !== '$version';
  return {
    ...(tags ? { tags } : {}),
    ...(desired ? { desired: Object.fromEntries(Object.entries(desired).filter(([name]) => own(name))) } : {}),
  };
}
