import type { Instant } from '#base/instant.ts';
import { Secret } from '#base/secret.ts';
import type { Database } from '#storage/database.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { Destination, DestinationSettings } from './destination.ts';
import type { Enrichment } from './enrichment.ts';
import { parseRouteSource, type Route } from './route.ts';

export type StoredDestination = Destination & { readonly position: number };

/** Routes, destinations and enrichments of one hub in the database; what is secret in them is sealed. */
export class RoutingStore {
  readonly #database: Database;
  readonly #sealer: Pick<SecretStore, 'seal' | 'unseal'>;
  readonly #hub: string;

  constructor(database: Database, sealer: Pick<SecretStore, 'seal' | 'unseal'>, hub: string) {
    this.#database = database;
    this.#sealer = sealer;
    this.#hub = hub;
  }

  async listRoutes(): Promise<Route[]> {
    const rows = await this.#database
      .selectFrom('hub_route')
      .selectAll()
      .where('hub', '=', this.#hub)
      .orderBy('created_at')
      .orderBy('route')
      .execute();
    return rows.map(({ route, source, condition_text, places, is_enabled }) => ({
      name: route,
      source: parseRouteSource(source),
      condition: condition_text,
      endpointNames: parseNames(places),
      isEnabled: is_enabled === 1,
    }));
  }

  async saveRoute(route: Route, at: Instant): Promise<void> {
    const content = {
      source: route.source,
      condition_text: route.condition,
      places: JSON.stringify(route.endpointNames),
      is_enabled: route.isEnabled ? 1 : 0,
    };
    await this.#database
      .insertInto('hub_route')
      .values({ hub: this.#hub, route: route.name, created_at: at, ...content })
      .onConflict((conflict) => conflict.columns(['hub', 'route']).doUpdateSet(content))
      .execute();
  }

  async deleteRoute(name: string): Promise<void> {
    await this.#database.deleteFrom('hub_route').where('hub', '=', this.#hub).where('route', '=', name).execute();
  }

  async listEnrichments(): Promise<Enrichment[]> {
    const rows = await this.#database
      .selectFrom('hub_enrichment')
      .selectAll()
      .where('hub', '=', this.#hub)
      .orderBy('created_at')
      .orderBy('property')
      .execute();
    return rows.map(({ property, value_text, places }) => ({
      key: property,
      value: value_text,
      endpointNames: parseNames(places),
    }));
  }

  async saveEnrichment({ key, value, endpointNames }: Enrichment, at: Instant): Promise<void> {
    const content = { value_text: value, places: JSON.stringify(endpointNames) };
    await this.#database
      .insertInto('hub_enrichment')
      .values({ hub: this.#hub, property: key, created_at: at, ...content })
      .onConflict((conflict) => conflict.columns(['hub', 'property']).doUpdateSet(content))
      .execute();
  }

  async deleteEnrichment(key: string): Promise<void> {
    await this.#database.deleteFrom('hub_enrichment').where('hub', '=', this.#hub).where('property', '=', key).execute();
  }

  async isFallbackEnabled(): Promise<boolean> {
    const row = await this.#database.selectFrom('hub_fallback').selectAll().where('hub', '=', this.#hub).executeTakeFirst();
    return row?.is_enabled !== 0;
  }

  async setFallback(isEnabled: boolean): Promise<void> {
    const content = { is_enabled: isEnabled ? 1 : 0 };
    await this.#database
      .insertInto('hub_fallback')
      .values({ hub: this.#hub, ...content })
      .onConflict((conflict) => conflict.column('hub').doUpdateSet(content))
      .execute();
  }

  async listDestinations(): Promise<StoredDestination[]> {
    const rows = await this.#database
      .selectFrom('hub_destination')
      .selectAll()
      .where('hub', '=', this.#hub)
      .orderBy('created_at')
      .orderBy('destination')
      .execute();
    return rows.map((row) => {
      // Nobody but saveDestination wrote there.
      const settings: DestinationSettings = JSON.parse(row.settings);
      const secret =
        row.sealed_secret &&
        new Secret(this.#sealer.unseal(this.#nameOf(row.destination), Buffer.from(row.sealed_secret)).toString());
      return {
        name: row.destination,
        slot: row.slot,
        settings,
        secret: secret ?? undefined,
        position: Number(row.log_position),
      };
    });
  }

  async insertDestination({ name, slot, settings, secret, position }: StoredDestination, at: Instant): Promise<void> {
    await this.#database
      .insertInto('hub_destination')
      .values({
        hub: this.#hub,
        destination: name,
        slot,
        type: settings.type,
        settings: JSON.stringify(settings),
        sealed_secret: secret ? this.#sealer.seal(this.#nameOf(name), Buffer.from(secret.reveal())) : null,
        log_position: position,
        created_at: at,
      })
      .execute();
  }

  async savePosition(name: string, position: number): Promise<void> {
    await this.#database
      .updateTable('hub_destination')
      .set({ log_position: position })
      .where('hub', '=', this.#hub)
      .where('destination', '=', name)
      .execute();
  }

  /** With what it would not take. */
  async deleteDestination(name: string): Promise<void> {
    for (const table of ['hub_dead_letter', 'hub_destination'] as const) {
      await this.#database.deleteFrom(table).where('hub', '=', this.#hub).where('destination', '=', name).execute();
    }
  }

  #nameOf(destination: string): string {
    return `destination:${this.#hub}/${destination}`;
  }
}

/** Nobody but the functions above writes there. */
function parseNames(text: string): readonly string[] {
  return JSON.parse(text);
}
