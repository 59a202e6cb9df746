import { instant } from '#base/instant.ts';
import type { Component } from '#sphere/contract/evidence.ts';
import { allShippedComponents } from '#sphere/contract/shipped-components.ts';
import type { Database } from '#storage/database.ts';
import type { ReferenceValue } from '#trust/sphere-measurements.ts';
import { insertReferenceValues, loadReferenceValues } from './policy-store.ts';

/** Which measurements somebody vouched for. They hold for every tenant. */
export class ReferenceValues {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes those of the shipped simulators where they are missing; a value that was revoked stays so. */
  async prepare(): Promise<void> {
    await this.publish(allShippedComponents());
  }

  async publish(components: readonly Component[]): Promise<void> {
    await insertReferenceValues(
      this.#database,
      components.map(({ id, ...component }) => ({ ...component, component_id: id, state: 'current', allowed_until: null })),
    );
  }

  /** Everything known of the named components. */
  async load(componentIds: readonly string[]): Promise<ReferenceValue[]> {
    return (await loadReferenceValues(this.#database, componentIds)).map((row) => ({
      id: row.component_id,
      type: row.type,
      alg: row.alg,
      digest: row.digest,
      version: row.version,
      svn: row.svn,
      signer: row.signer,
      state: row.state,
      allowedUntil: row.allowed_until === null ? undefined : instant(row.allowed_until),
    }));
  }
}
