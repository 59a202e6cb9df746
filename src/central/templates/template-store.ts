import { parseJson } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import type { CentralTemplateRow } from '#storage/schema/central.ts';
import type { Template } from './template.ts';
import type { TemplateDocument } from './template-document.ts';

export class TemplateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps what is there already: two devices may announce the same new model at once. */
  async insert(template: Template, createdAt: number): Promise<void> {
    await this.#database
      .insertInto('central_template')
      .values({
        template_id: template.templateId,
        model_id: template.modelId,
        display_name: template.displayName,
        document: JSON.stringify(template.document),
        etag: template.etag,
        created_at: createdAt,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async load(templateId: string): Promise<Template | undefined> {
    const row = await this.#select().where('template_id', '=', templateId).executeTakeFirst();
    return row && templateOf(row);
  }

  async loadByModel(modelId: string): Promise<Template | undefined> {
    const row = await this.#select().where('model_id', '=', modelId).executeTakeFirst();
    return row && templateOf(row);
  }

  /** In order of id, after `after`. */
  async list(after: string | undefined, limit: number): Promise<Template[]> {
    let query = this.#select().orderBy('template_id').limit(limit);
    if (after !== undefined) query = query.where('template_id', '>', after);
    return (await query.execute()).map(templateOf);
  }

  #select() {
    return this.#database.selectFrom('central_template').selectAll();
  }
}

function templateOf(row: CentralTemplateRow): Template {
  return {
    templateId: row.template_id,
    modelId: row.model_id,
    displayName: row.display_name,
    // What we wrote ourselves from a checked document.
    document: parseJson(row.document, { bytesMax: Number.MAX_SAFE_INTEGER }) as unknown as TemplateDocument,
    etag: row.etag,
  };
}
