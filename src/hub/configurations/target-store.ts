import type { Database } from '#storage/database.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import { parseIdentityName } from '../identity.ts';

/** That a configuration is meant for an identity, and whether it is the one whose content the identity has. */
export type ConfigurationTarget = { readonly configurationId: string; readonly isApplied: boolean };

/** Which identities the configurations of one hub are meant for. */
export class ConfigurationTargetStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** Those of each identity that has any. */
  async load(identities: readonly string[]): Promise<Map<string, ConfigurationTarget[]>> {
    const targets = new Map<string, ConfigurationTarget[]>();
    if (identities.length === 0) return targets;
    const rows = await this.#database
      .selectFrom('hub_configuration_target')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', 'in', identities)
      .execute();
    for (const row of rows) {
      const known = targets.get(row.identity) ?? [];
      known.push({ configurationId: row.configuration_id, isApplied: row.is_applied === 1 });
      targets.set(row.identity, known);
    }
    return targets;
  }

  /** Puts `targets` in the place of those that `configurationIds` have at an identity. */
  async replace(
    transaction: Transaction,
    identity: string,
    configurationIds: readonly string[],
    targets: readonly ConfigurationTarget[],
  ): Promise<void> {
    if (configurationIds.length > 0) {
      await transaction
        .deleteFrom('hub_configuration_target')
        .where('hub', '=', this.#hub)
        .where('identity', '=', identity)
        .where('configuration_id', 'in', configurationIds)
        .execute();
    }
    if (targets.length === 0) return;
    const { deviceId } = parseIdentityName(identity);
    await transaction
      .insertInto('hub_configuration_target')
      .values(
        targets.map(({ configurationId, isApplied }) => ({
          hub: this.#hub,
          identity,
          configuration_id: configurationId,
          device_id: deviceId,
          is_applied: isApplied ? 1 : 0,
        })),
      )
      .execute();
  }

  /** As `replace`, by itself. */
  replaceAlone(identity: string, configurationIds: readonly string[], targets: readonly ConfigurationTarget[]): Promise<void> {
    return inTransaction(this.#database, (transaction) => this.replace(transaction, identity, configurationIds, targets));
  }

  /** How many identities a configuration is meant for, and how many have its content. */
  async count(configurationId: string): Promise<{ targeted: number; applied: number }> {
    const row = await this.#database
      .selectFrom('hub_configuration_target')
      .select(({ fn }) => [fn.countAll().as('targeted'), fn.sum('is_applied').as('applied')])
      .where('hub', '=', this.#hub)
      .where('configuration_id', '=', configurationId)
      .executeTakeFirst();
    return { targeted: Number(row?.targeted ?? 0), applied: Number(row?.applied ?? 0) };
  }

  /** Whether any configuration is meant for anything. */
  async hasAny(): Promise<boolean> {
    const row = await this.#database
      .selectFrom('hub_configuration_target')
      .select('identity')
      .where('hub', '=', this.#hub)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Identities that a configuration was meant for which is not among `known` any more. */
  async listOrphans(known: readonly string[], limit: number): Promise<string[]> {
    let query = this.#database.selectFrom('hub_configuration_target').select('identity').distinct().where('hub', '=', this.#hub);
    if (known.length > 0) query = query.where('configuration_id', 'not in', known);
    return (await query.orderBy('identity').limit(limit).execute()).map((row) => row.identity);
  }

  /** Forgets those of modules that are not there any more. */
  async forgetGone(): Promise<void> {
    await this.#database
      .deleteFrom('hub_configuration_target')
      .where('hub', '=', this.#hub)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('hub_twin')
              .select('hub_twin.identity')
              .whereRef('hub_twin.hub', '=', 'hub_configuration_target.hub')
              .whereRef('hub_twin.identity', '=', 'hub_configuration_target.identity'),
          ),
        ),
      )
      .execute();
  }
}
