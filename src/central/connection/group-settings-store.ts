import type { Database } from '#storage/database.ts';

/** What Central adds to the provisioning service's enrollment groups. */
export class GroupSettingsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined for a group that nobody set it for. */
  async loadAutomaticallyConnect(groupId: string): Promise<boolean | undefined> {
    const row = await this.#database
      .selectFrom('central_group_setting')
      .select('automatically_connect')
      .where('group_id', '=', groupId)
      .executeTakeFirst();
    return row && row.automatically_connect === 1;
  }

  async saveAutomaticallyConnect(groupId: string, value: boolean): Promise<void> {
    await this.#database
      .insertInto('central_group_setting')
      .values({ group_id: groupId, automatically_connect: Number(value) })
      .onConflict((conflict) => conflict.column('group_id').doUpdateSet({ automatically_connect: Number(value) }))
      .execute();
  }

  async delete(groupId: string): Promise<void> {
    await this.#database.deleteFrom('central_group_setting').where('group_id', '=', groupId).execute();
  }
}
