import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceModel } from './device-model.ts';
import { flattenModel } from './flatten-model.ts';
import { shippedTemplates, wrappedDesired } from './shipped-templates.ts';
import type { Template } from './template.ts';
import { TemplateStore } from './template-store.ts';

/** Device templates of the application. Those there are, are published. */
export class Templates {
  readonly #platform: Platform;
  readonly #store: TemplateStore;
  /** By id: a template does not change once it is here. */
  readonly #known = new Map<string, Template>();
  readonly #models = new Map<string, DeviceModel>();

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#store = new TemplateStore(database);
  }

  async load(templateId: string): Promise<Template | undefined> {
    const template = this.#known.get(templateId) ?? (await this.#store.load(templateId));
    if (template) this.#known.set(templateId, template);
    return template;
  }

  async require(templateId: string): Promise<Template> {
    const template = await this.load(templateId);
    if (!template) throw new Problem('not-found', 'There is no such device template.');
    return template;
  }

  list(after: string | undefined, limit: number): Promise<Template[]> {
    return this.#store.list(after, limit);
  }

  /**
   * The template for a device that announces `modelId`: the one there is, else one made now from the
   * model in the box. Versions must agree exactly; a neighbouring version is only hinted at.
   */
  async forModel(modelId: string): Promise<Template | undefined> {
    const existing = await this.#store.loadByModel(modelId);
    const document = shippedTemplates.get(modelId);
    if (existing || !document) return existing;
    await this.#store.insert(
      {
        templateId: document['@id'],
        modelId,
        displayName: document.displayName,
        document,
        etag: randomToken(this.#platform.random, 9),
      },
      this.#platform.clock.now(),
    );
    this.#platform.log.info('template.created', { templateId: document['@id'], modelId });
    return this.#store.loadByModel(modelId);
  }

  /** Names the version that has a template when `modelId` itself has none, so that nobody wonders why it was not taken. */
  async hintFor(modelId: string): Promise<string> {
    const base = modelId.split(';')[0];
    const others = [...(await this.#store.list(undefined, 1000)).map((template) => template.modelId), ...shippedTemplates.keys()];
    const near = others.find((other) => other !== modelId && other.split(';')[0] === base);
    return near
      ? `The device says it is ${modelId}, which has no template; ${near} has one.`
      : `The device says it is ${modelId}, which has no template.`;
  }

  /** The flat model of a template. */
  async modelOf(templateId: string): Promise<DeviceModel | undefined> {
    const known = this.#models.get(templateId);
    if (known) return known;
    const template = await this.load(templateId);
    if (!template) return undefined;
    const model = flattenModel(template.document.capabilityModel, wrappedDesired.get(template.modelId));
    this.#models.set(templateId, model);
    return model;
  }
}
