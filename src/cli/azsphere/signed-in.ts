import { resolveDataDirectory } from '#base/data-directory.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import type { CloudTenant } from '#sphere/contract/cloud.ts';
import type { AzsphereInvocation } from './azsphere-command.ts';
import { requireSession, type Session, saveSession } from './session.ts';
import { SphereClient } from './sphere-client.ts';

export type SignedIn = { readonly session: Session; readonly client: SphereClient };

/** Whoever ran `azsphere login` on this data directory. */
export function signedIn({ terminal, platform, voice }: AzsphereInvocation): SignedIn {
  const { azsphereFile } = resolveDataDirectory(terminal.environment);
  const session = requireSession(azsphereFile, platform.clock.now());
  return { session, client: new SphereClient(session, voice) };
}

/** The tenant that `text` names by id, or by name without regard to case. */
export function findTenant(tenants: readonly CloudTenant[], text: string): CloudTenant {
  const wanted = text.trim().toLowerCase();
  const matches = tenants.filter((tenant) => tenant.Id.toLowerCase() === wanted || tenant.Name.toLowerCase() === wanted);
  const [only] = matches;
  if (only && matches.length === 1) return only;
  if (only) {
    throw new CommandFailure('usage', `Several tenants are named '${text}'.`, {
      fix: `azsphere tenant select --tenant ${only.Id}`,
    });
  }
  throw new CommandFailure('notFound', `There is no tenant '${text}'.`, { fix: 'azsphere tenant list' });
}

/**
 * The tenant to work on: the one that `--tenant` names, else the selected one, else the only one,
 * which thereby is selected.
 */
export async function requireTenant(invocation: AzsphereInvocation, { session, client }: SignedIn): Promise<CloudTenant> {
  const tenants = await client.listTenants();
  const named = invocation.options.text('tenant');
  if (named !== undefined) return findTenant(tenants, named);
  const selected = tenants.find((tenant) => tenant.Id.toLowerCase() === session.tenantId?.toLowerCase());
  if (selected) return selected;
  const [only] = tenants;
  if (only && tenants.length === 1) {
    selectTenant(invocation, session, only);
    return only;
  }
  throw new CommandFailure('failed', only ? 'No tenant is selected.' : 'There is no tenant.', {
    ...(only ? { fix: `azsphere tenant select --tenant ${only.Id}` } : {}),
  });
}

export function selectTenant({ terminal, platform }: AzsphereInvocation, session: Session, tenant: CloudTenant): void {
  const { azsphereFile } = resolveDataDirectory(terminal.environment);
  saveSession(azsphereFile, { ...session, tenantId: tenant.Id }, platform.random);
}
